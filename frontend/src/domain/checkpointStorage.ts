/** The copy of a checkpoint in object storage, in words. */

import type { Checkpoint } from "../api/types";

type Storage = NonNullable<Checkpoint["storage"]>;

const COPYING_MS = 5000;
const FAILED_MS = 30_000;

export function storageWords(storage: Storage): string {
  switch (storage.state) {
    case "stored":
      return storage.local ? "copied to object storage" : "only in object storage; fetched when it is needed";
    case "uploading":
      return "is being copied to object storage";
    case "waiting":
      return "waits to be copied to object storage";
    case "failed":
      return `not copied to object storage: ${storage.message ?? "it failed"}`;
  }
}

/** When to look again at checkpoints whose copies are not all made; null: all are. */
export function nextLookMs(checkpoints: Checkpoint[]): number | null {
  const states = new Set(checkpoints.map((checkpoint) => checkpoint.storage?.state ?? "stored"));
  if (states.has("waiting") || states.has("uploading")) return COPYING_MS;
  return states.has("failed") ? FAILED_MS : null;
}

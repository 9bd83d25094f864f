/** Which dialog is open. At most one. */
import { useSyncExternalStore } from "react";
import type { SearchRow } from "../api/searches";
import type { Checkpoint, NewRun, Values } from "../api/types";

export type Dialog =
  | { kind: "new_run"; like?: NewRun }
  | { kind: "fork"; checkpoint: Checkpoint; values?: Values }
  | { kind: "replay"; runId: number; seed: number }
  | { kind: "promote"; runId: number; trial: number; searchId: number; steps: number }
  | { kind: "refine"; search: SearchRow; widenEdges: boolean }
  | { kind: "shortcuts" }
  | { kind: "more" };

let dialog: Dialog | null = null;
const readers = new Set<() => void>();

function set(next: Dialog | null): void {
  dialog = next;
  for (const read of readers) read();
}

export const openDialog = (next: Dialog): void => set(next);
export const closeDialog = (): void => set(null);
export const anyDialog = (): boolean => dialog !== null;

export const useDialog = (): Dialog | null =>
  useSyncExternalStore(
    (read) => {
      readers.add(read);
      return () => readers.delete(read);
    },
    () => dialog,
  );

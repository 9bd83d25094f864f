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
const listeners = new Set<() => void>();

function setDialog(next: Dialog | null): void {
  dialog = next;
  for (const listener of listeners) listener();
}

export const openDialog = (next: Dialog): void => setDialog(next);
export const closeDialog = (): void => setDialog(null);
export const isDialogOpen = (): boolean => dialog !== null;

export const useDialog = (): Dialog | null =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => dialog,
  );

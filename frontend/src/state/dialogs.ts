/** Which dialog is open. At most one. */
import type { SearchRow } from "../api/searches";
import type { Checkpoint, NewRun, Values } from "../api/types";
import { createStore } from "./createStore";

export type Dialog =
  | { kind: "new_run"; like?: NewRun }
  | { kind: "fork"; checkpoint: Checkpoint; values?: Values }
  | { kind: "replay"; runId: number; seed: number }
  | { kind: "promote"; runId: number; trial: number; searchId: number; steps: number }
  | { kind: "refine"; search: SearchRow; widenEdges: boolean }
  | { kind: "shortcuts" }
  | { kind: "palette" }
  | { kind: "more" };

const store = createStore<Dialog | null>(null);

export const openDialog = (next: Dialog): void => store.set(next);
export const closeDialog = (): void => store.set(null);
export const isDialogOpen = (): boolean => store.get() !== null;
export const useDialog = (): Dialog | null => store.use();

/** Whether the menu of the last change is open. A key opens it without a press on its button. */
export const undoMenu = createStore(false);

/** What of an ancestor's journal happened on the line of a branch, and was not left behind. */
import type { RunEvent } from "../../api/types";

/**
 * step: where the branch left this ancestor. lastCommand: the last command that its checkpoint holds; a
 * change at that very step that came after it, or was scheduled for it, is undone by going back.
 */
export function isInherited(event: RunEvent, step: number, lastCommand: number | null): boolean {
  // The reason of a change may have been written after the branch left.
  if (event.kind === "note_added" && event.command_id) return true;
  if (event.step !== step) return event.step < step;
  if (event.kind !== "changed" || lastCommand === null) return true;
  return !event.scheduled && event.command_id <= lastCommand;
}

/** The way back from a change. */
import type { Checkpoint, EventOf, RunEvent } from "../../api/types";
import { lastStepBefore } from "../../format/changeTime";

/** The last change of a run, however it was made; null: none yet. */
export const lastChange = (events: RunEvent[]): EventOf<"changed"> | null =>
  events.findLast((event) => event.kind === "changed") ?? null;

/** The last step before something else was changed after `change`: its effect can be read up to there. */
export function lastStepOf(events: RunEvent[], change: EventOf<"changed">): number {
  const next = events.find(
    (event): event is EventOf<"changed"> =>
      event.kind === "changed" && event.id > change.id && event.step >= change.step,
  );
  return next ? lastStepBefore(next) : Infinity;
}

/** The parts of an open run that say where it can go back to. */
export interface Saved {
  events: RunEvent[];
  checkpoints: Checkpoint[];
}

/**
 * The checkpoint written for this very change, else the newest one before it: a change in a pause needs
 * none of its own, the pause has saved one. At the same step, what was saved later holds the change.
 */
export function checkpointBefore(saved: Saved, change: EventOf<"changed">): Checkpoint | null {
  const usable = saved.checkpoints.filter((checkpoint) => checkpoint.valid && !checkpoint.removed);
  const saves = saved.events.filter((event) => event.kind === "checkpoint_saved");
  const made = saves.find((save) => save.command_id === change.command_id && save.cause === "change");
  const savedBefore = (id: number): boolean =>
    saves.some((save) => save.checkpoint_id === id && save.id < change.id);
  return (
    usable.find((checkpoint) => checkpoint.id === made?.checkpoint_id) ??
    usable.findLast(
      (checkpoint) =>
        checkpoint.step < change.step || (checkpoint.step === change.step && savedBefore(checkpoint.id)),
    ) ??
    null
  );
}

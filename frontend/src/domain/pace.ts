/** How fast a run may go, so that there is time to watch and steer it. Pure. */
import type { Run } from "../api/types";
import { duration, whole } from "../format/numbers";

/** Steps a second; 0 is full speed. */
export const PACES = [0, 200, 60, 10];

/** A run that is over sooner can hardly be steered, s. */
const TOO_SHORT_S = 20;
const PRESET = 200;
/** The speed of a task that was not timed yet. A limit that is never reached slows nothing. */
const ASSUMED_STEPS_PER_S = 1000;

export const paceText = (stepsPerS: number): string =>
  stepsPerS === 0 ? "Full speed" : `${whole(stepsPerS)} steps/s`;

/** The full speed of a task in its newest run without a limit; null: there is none. Newest first. */
export function fullSpeedOf(runs: Run[], task: string): number | null {
  const timed = runs.find((run) => run.task === task && !run.max_steps_per_s && (run.steps_per_s ?? 0) > 0);
  return timed?.steps_per_s ?? null;
}

/** What a new run is offered: a slower pace where it would be over too soon. */
export function presetPace(steps: number, stepsPerS: number | null): number {
  return steps / (stepsPerS ?? ASSUMED_STEPS_PER_S) < TOO_SHORT_S ? PRESET : 0;
}

/** "About 2 s at full speed: too short to steer." */
export function paceHelp(steps: number, stepsPerS: number | null): string {
  if (stepsPerS === null || !(steps > 0)) return "";
  const seconds = steps / stepsPerS;
  const about = seconds < 1 ? "Under 1 s" : `About ${duration(seconds)}`;
  return `${about} at full speed${seconds < TOO_SHORT_S ? ": too short to steer" : ""}.`;
}

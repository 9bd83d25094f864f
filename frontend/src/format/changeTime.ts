/** From which step a change acts: the one number, and the one wording, for all that tell of a change. */
import type { EventOf, RunEvent } from "../api/types";
import { whole } from "./numbers";

/** The step that an event is listed and marked at: a change at the first step that uses it. */
export const shownStep = (event: RunEvent): number =>
  event.kind === "changed" ? event.effective_step : event.step;

/** The last step with the value before a change. A batch size may wait for the next epoch. */
export const lastStepBefore = ({
  effective_step: first,
}: Pick<EventOf<"changed">, "effective_step">): number => first - 1;

/** "from step 1,205": the first step that uses a change. */
export const fromStepText = (first: number): string => `from step ${whole(first)}`;

/** How many steps more a menu offers, for a run that goes on and for one that is over. */
import type { Run } from "../../api/types";
import { whole } from "../../format/numbers";

export interface ExtendOption {
  /** The step at which the run will then end. */
  upTo: number;
  words: string;
}

export function extendOptions(run: Pick<Run, "step" | "steps">, over: boolean): ExtendOption[] {
  const from = over ? run.step : run.steps;
  const half = Math.max(1, Math.round(run.steps / 2));
  const sizes = [...new Set([half, 1000, run.steps])].sort((a, b) => a - b);
  const further = sizes.map((size) => ({ upTo: from + size, words: `By ${whole(size)} steps` }));
  if (!over || run.step >= run.steps) return further;
  // After an early stop the rest of the planned steps is the likeliest wish.
  const planned = { upTo: run.steps, words: `To step ${whole(run.steps)}, as planned` };
  return [planned, ...further.filter(({ upTo }) => upTo !== run.steps)];
}

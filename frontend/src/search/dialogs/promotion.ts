/** What the dialog that promotes a trial suggests. Pure. */
import type { Promotion } from "../../api/searches";
import { whole } from "../../format/numbers";

export interface Suggestion {
  from: Promotion["from"];
  steps: number;
  help: string;
}

const TIMES = 4;

/**
 * steps: those of the trial. endsAt: where the loop of its script ends with its data, whatever is asked for;
 * null: it can be made longer, as a task always can.
 */
export function suggestion(steps: number, endsAt: number | null): Suggestion {
  const help = `Total steps, including the trial's ${whole(steps)}.`;
  if (endsAt === null) return { from: "checkpoint", steps: steps * TIMES, help };
  return {
    // Nothing is left to continue.
    from: steps < endsAt ? "checkpoint" : "scratch",
    steps: Math.min(steps * TIMES, endsAt),
    help: `${help} The script's loop ends with its data, at step ${whole(endsAt)}.`,
  };
}

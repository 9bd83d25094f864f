/** Whether the best trial was good, or lucky: what the same values came to with other seeds. Pure. */

import { lossOf } from "../api/objective";
import type { Search, Trial } from "../api/searches";
import { measured } from "../format/numbers";
import { ranked, spreadText } from "./trials";

export interface Luck {
  /** "0.173 ± 0.036 over 4 seeds". */
  text: string;
  /** Trials with a single result that is better than the mean, best first. */
  better: Trial[];
}

/** Null: not repeated yet. The first result is one of the seeds: chosen for being low, but not left out. */
export function luckOf(search: Search): Luck | null {
  const best = search.trials.find((trial) => trial.run_id === search.best_run_id);
  const repeat = search.repeats.find((one) => one.run_id === search.best_run_id);
  const again = repeat?.objective_values.filter((value) => typeof value === "number") ?? [];
  if (!best || best.value === null || again.length === 0) return null;
  const costs = [best.value, ...again];
  const mean = costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
  const variance = costs.reduce((sum, cost) => sum + (cost - mean) ** 2, 0) / (costs.length - 1);
  return {
    text: `${spreadText(mean, Math.sqrt(variance))} over ${costs.length} seeds`,
    better: ranked(search.trials).filter(
      (trial) => trial.number !== best.number && (trial.loss as number) < (lossOf(search, mean) as number),
    ),
  };
}

const NAMED_MAX = 3;

/** "Not better than trials 14, 15 and 16 (0.155–0.163)." Empty: it is still the best. */
export function luckText({ better }: Luck): string {
  const costs = better.map((trial) => trial.value as number);
  const [first, last] = [costs[0], costs.at(-1)];
  if (first === undefined || last === undefined) return "";
  const range = costs.length === 1 ? measured(first) : `${measured(first)}–${measured(last)}`;
  return `Not better than ${trialsText(better.map((trial) => trial.number))} (${range}, one seed each).`;
}

function trialsText(numbers: number[]): string {
  if (numbers.length === 1) return `trial ${numbers[0]}`;
  if (numbers.length > NAMED_MAX) {
    const others = numbers.length - NAMED_MAX;
    return `trials ${numbers.slice(0, NAMED_MAX).join(", ")} and ${others} ${others === 1 ? "other" : "others"}`;
  }
  return `trials ${numbers.slice(0, -1).join(", ")} and ${numbers.at(-1)}`;
}

/** The best trials that were not repeated yet, so that they can be compared with more than luck. */
export function unrepeated(search: Search, count: number): number[] {
  const known = search.repeats.map((repeat) => repeat.run_id);
  const again = new Set(search.trials.flatMap((trial) => trial.repeat_of ?? []));
  return ranked(search.trials)
    .slice(0, count)
    .map((trial) => trial.run_id)
    .filter((id): id is number => id !== null && !known.includes(id) && !again.has(id));
}

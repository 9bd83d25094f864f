/** The learning rates that a run has used, and how each went. Pure. */

import type { RunEvent } from "../../api/types";
import { lastStepBefore } from "../../format/changeTime";
import { EFFECT_STEPS, effectOf } from "../changes/effect";
import type { Series } from "../series";

export interface TriedRate {
  rate: number;
  outcome: "better" | "worse" | "unknown";
  /** It was used for a while, and the training did not blow up. */
  worked: boolean;
}

/** So many steps say whether a rate blows up. */
const WORKED_STEPS = 20;

/** initial: the rate of the first step. to: the last step made. Of a rate that was used twice, the last use. */
export function triedRates(
  events: RunEvent[],
  initial: number,
  cost: Series | undefined,
  to: number,
): TriedRate[] {
  const uses = [{ rate: initial, from: 0 }];
  const broken: number[] = [];
  for (const event of events) {
    if (event.kind === "guard_tripped") broken.push(event.step);
    if (event.kind !== "changed") continue;
    const rate = event.values["learning_rate"];
    if (typeof rate === "number" && rate !== uses.at(-1)?.rate)
      uses.push({ rate, from: lastStepBefore(event) });
  }
  const tried = new Map<number, TriedRate>();
  for (const [i, { rate, from }] of uses.entries()) {
    const until = uses[i + 1]?.from ?? to;
    const broke = broken.some((step) => step > from && step <= until);
    const worked = !broke && until - from >= WORKED_STEPS;
    if (!broke && !worked) continue; // used too shortly to say
    tried.delete(rate);
    tried.set(rate, { rate, outcome: outcomeOf(cost, from, until, broke), worked });
  }
  return [...tried.values()];
}

function outcomeOf(
  cost: Series | undefined,
  from: number,
  until: number,
  broke: boolean,
): TriedRate["outcome"] {
  if (broke) return "worse";
  const effect = from > 0 ? effectOf(cost, from, Math.min(from + EFFECT_STEPS, until)) : null;
  if (effect === null) return "unknown";
  return effect.after < effect.before ? "better" : "worse";
}

/** Above this multiple of the highest rate that worked, a rate is called far out. */
const FAR_FACTOR = 10;

/** "5 is 100 times the highest learning rate that worked here (0.05)." as numbers; null: it is near. */
export function farAbove(tried: TriedRate[], rate: number): { highest: number; factor: number } | null {
  const highest = Math.max(...tried.filter((one) => one.worked).map((one) => one.rate), -Infinity);
  return highest > 0 && rate >= highest * FAR_FACTOR ? { highest, factor: rate / highest } : null;
}

/** What the cost did after a change: the mean just before it against the mean some steps later. Pure. */
import type { EventOf, RunEvent } from "../../api/types";
import { lastStepBefore } from "../../format/changeTime";
import { measured, rounded, whole } from "../../format/numbers";
import type { Series } from "../series";
import { lastStep } from "../series";
import { lastStepOf } from "./undo";

/** Single steps are noisy: each side is a mean over so many. */
const WINDOW_STEPS = 20;
/** How long after a change its effect is read. */
export const EFFECT_STEPS = 100;
/** Above these factors a percentage is hard to read, or would round to −100 %. */
const RISE_MIN = 10;
const FALL_MIN = 100;

export interface Effect {
  before: number;
  after: number;
  /** How many steps after the change `after` was read. */
  steps: number;
}

/** step: where the change was made, the last step with the old value. Null: too early to tell, or too coarse. */
export function effectOf(series: Series | undefined, step: number, to: number): Effect | null {
  if (!series || to <= step) return null;
  const before = meanIn(series, step - WINDOW_STEPS, step, -Infinity);
  const after = meanIn(series, Math.max(step, to - WINDOW_STEPS), to, step);
  return before === null || after === null ? null : { before, after, steps: to - step };
}

/**
 * The mean over `from < step <= to`; where no point lies in there, the last one before. A point that also
 * holds values up to the step `apart` would mix both sides of a change, and is left out.
 */
function meanIn(series: Series, from: number, to: number, apart: number): number | null {
  let [sum, weight, seen, newest] = [0, 0, false, NaN];
  for (let i = series.step.length - 1; i >= 0; i--) {
    const step = series.step[i] as number;
    if (step > to) continue;
    const count = series.count[i] as number;
    if (step - count < apart || (step <= from && seen)) break;
    const value = series.value[i] as number;
    if (!seen) newest = value;
    seen = true;
    if (Number.isFinite(value)) {
      sum += value * count;
      weight += count;
    }
    if (step <= from) break;
  }
  if (!seen) return null;
  return weight > 0 ? sum / weight : newest; // NaN or infinite
}

/** "−26 %", "×12", "÷300"; empty where there is nothing to compare with. */
export function changeOf({ before, after }: Effect): string {
  if (!Number.isFinite(before) || !Number.isFinite(after) || before === 0) return "";
  if (before > 0 && after / before >= RISE_MIN) return `×${rounded(after / before)}`;
  if (after > 0 && before / after >= FALL_MIN) return `÷${rounded(before / after)}`;
  const percent = Math.round(((after - before) / Math.abs(before)) * 100);
  if (percent === 0) return "±0 %";
  return `${percent > 0 ? "+" : "−"}${whole(Math.abs(percent))} %`;
}

/** "train 0.42 → 0.31 (−26 %)". */
export function effectText(word: string, effect: Effect): string {
  const change = changeOf(effect);
  return `${word} ${measured(effect.before)} → ${measured(effect.after)}${change ? ` (${change})` : ""}`;
}

/** isFinal: whether it stays so. */
export interface EffectOnCost {
  text: string;
  isFinal: boolean;
}

/** "100 steps later: train 0.42 → 0.31 (−26 %)". The text is empty while nothing can be said. */
export function effectOnCost(
  change: EventOf<"changed">,
  events: RunEvent[],
  cost: Series | undefined,
): EffectOnCost {
  const before = lastStepBefore(change);
  const end = lastStep(cost);
  const next = lastStepOf(events, change);
  const to = Math.min(before + EFFECT_STEPS, next, end);
  const effect = effectOf(cost, before, to);
  const isFinal = end >= Math.min(before + EFFECT_STEPS, next);
  if (effect === null) return { text: "", isFinal };
  const steps = `${whole(effect.steps)} ${effect.steps === 1 ? "step" : "steps"} later`;
  return { text: `${steps}: ${effectText("train", effect)}`, isFinal };
}

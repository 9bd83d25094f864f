/** What the learning rate is now, under its schedule. */
import type { Run } from "../../api/types";
import { roundFloat } from "../../format/parseNumber";

export interface Rate {
  /** What updates use, or will use once a short ramp is over. */
  now: number;
  /** What the person set; the schedule multiplies it. */
  base: number;
  factor: number;
  /** Whether a schedule moves it by itself. */
  scheduled: boolean;
}

export function rateOf(run: Run): Rate {
  const base = Number(run.values["learning_rate"] ?? NaN);
  const factor = run.effective?.schedule_factor ?? 1;
  return {
    now: roundFloat(base * factor),
    base,
    factor,
    scheduled: (run.values["schedule"] ?? "constant") !== "constant",
  };
}

/** Lr 0.01 with momentum 0.9 moves like 0.1 without: the step that counts is lr/(1−β). */
export const stepSizeFactor = (rate: number, momentum: number): number => rate / (1 - momentum);

/** The exponential mean that the server computes over the full history, continued on the live tail. */
import type { Series } from "./series";
import { valueCount } from "./series";

/** The most steps that a curve can be smoothed over. */
export const SMOOTH_STEPS_MAX = 1000;

/** A mean in mid-air: `biased` starts at 0 and `seen` counts the finite values so far. */
export interface RunningMean {
  biased: number;
  seen: number;
}

/** The weight of the past when averaging over about `steps` steps. */
export const weightOf = (steps: number): number => 1 - 1 / Math.max(1, steps);

/**
 * The state behind a smoothed value, so that the mean goes on as if it had never stopped.
 * The server divides by `1 - w^seen` so that early values are not pulled to 0; this multiplies back.
 */
function resumeMean(smoothed: number, seen: number, steps: number): RunningMean {
  return { biased: smoothed * (1 - weightOf(steps) ** seen), seen };
}

/** Takes in `count` values whose mean is `value`; returns the debiased mean. Non-finite: left out. */
export function addToMean(mean: RunningMean, value: number, count: number, steps: number): number {
  const weight = weightOf(steps);
  if (Number.isFinite(value)) {
    const decay = weight ** count;
    mean.biased = decay * mean.biased + (1 - decay) * value;
    mean.seen += count;
  }
  return mean.seen === 0 ? NaN : mean.biased / (1 - weight ** mean.seen);
}

/** Adds to `smooth` a point for each point of `raw` that is newer than its last. */
export function continueSmoothed(smooth: Series, raw: Series, steps: number): void {
  const from = smooth.step.at(-1) ?? 0;
  const seen = valueCount(raw, from);
  const mean =
    smooth.step.length > 0 ? resumeMean(smooth.value.at(-1) as number, seen, steps) : { biased: 0, seen: 0 };
  if (!Number.isFinite(mean.biased)) mean.biased = 0;
  for (let i = 0; i < raw.step.length; i++) {
    const step = raw.step[i] as number;
    if (smooth.step.length > 0 && step <= from) continue;
    const value = addToMean(mean, raw.value[i] as number, raw.count[i] as number, steps);
    smooth.step.push(step);
    smooth.value.push(value);
    smooth.min.push(value);
    smooth.max.push(value);
    smooth.count.push(raw.count[i] as number);
  }
}

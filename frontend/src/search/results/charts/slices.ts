/** The best value in each bin of an axis: what is left when everything else did its best. Pure. */
import type { Trial } from "../../../api/searches";
import type { Axis } from "../../axes";
import { unitOf } from "../../axes";

export interface Bin {
  from: number; // 0 to 1
  to: number;
  best: number;
  loss: number;
  trials: number;
}

const BINS = 8;

/** Bins that hold a trial of the fits, in the order of the axis. Choices have a bin each. */
export function bestOfBins(axis: Axis, trials: readonly Trial[], bins = BINS): Bin[] {
  const count = axis.scale === "choice" ? axis.choices.length : bins;
  const byIndex = new Map<number, Bin>();
  for (const trial of trials) {
    const at = unitOf(axis, trial.values[axis.name]);
    if (!trial.fits || trial.loss === null || trial.value === null || at === null) continue;
    const i = Math.min(count - 1, Math.max(0, Math.floor(at * count)));
    const bin = byIndex.get(i) ?? {
      from: i / count,
      to: (i + 1) / count,
      best: trial.value,
      loss: Infinity,
      trials: 0,
    };
    if (trial.loss < bin.loss) [bin.loss, bin.best] = [trial.loss, trial.value];
    bin.trials += 1;
    byIndex.set(i, bin);
  }
  return [...byIndex.values()].sort((a, b) => a.from - b.from);
}

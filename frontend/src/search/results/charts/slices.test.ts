import { describe, expect, it } from "vitest";
import type { Trial } from "../../../api/searches";
import type { Axis } from "../../axes";
import { bestOfBins } from "./slices";

const trial = (
  number: number,
  learning_rate: number,
  value: number | null,
  more: Partial<Trial> = {},
): Trial => ({
  number,
  run_id: number,
  round: 1,
  status: "finished",
  outcome: "finished",
  fits: value !== null,
  value,
  loss: value,
  step: 300,
  steps: 300,
  seed: number,
  values: { learning_rate, optimizer: "sgd" },
  repeat_of: null,
  ...more,
});
const rate: Axis = {
  name: "learning_rate",
  label: "Learning rate",
  scale: "log10",
  low: 1e-4,
  high: 1,
  choices: [],
  whole: false,
};
const rule: Axis = {
  name: "optimizer",
  label: "Optimizer",
  scale: "choice",
  low: 0,
  high: 1,
  choices: ["sgd", "adam"],
  whole: false,
};

describe("best of bins", () => {
  it("is the least cost of each stretch, and empty stretches are left out", () => {
    const bins = bestOfBins(rate, [trial(1, 2e-4, 3), trial(2, 3e-4, 2), trial(3, 0.5, 1)], 4);
    expect(bins).toEqual([
      { from: 0, to: 0.25, best: 2, loss: 2, trials: 2 },
      { from: 0.75, to: 1, best: 1, loss: 1, trials: 1 },
    ]);
  });

  it("is the highest value where that is the best", () => {
    const highest = [trial(1, 0.5, 0.2, { loss: -0.2 }), trial(2, 0.6, 0.9, { loss: -0.9 })];
    expect(bestOfBins(rate, highest, 4)).toEqual([{ from: 0.75, to: 1, best: 0.9, loss: -0.9, trials: 2 }]);
  });

  it("counts the high end, and never a trial outside the fits", () => {
    const bins = bestOfBins(
      rate,
      [trial(1, 1, 5), trial(2, 0.9, 0.1, { fits: false, outcome: "diverged" })],
      4,
    );
    expect(bins).toEqual([{ from: 0.75, to: 1, best: 5, loss: 5, trials: 1 }]);
  });

  it("gives each choice a bin", () => {
    expect(bestOfBins(rule, [trial(1, 0.1, 4)])).toEqual([{ from: 0, to: 0.5, best: 4, loss: 4, trials: 1 }]);
  });
});

import { describe, expect, it } from "vitest";
import type { Trial } from "../api/searches";
import type { Axis } from "./axes";
import { unitOf } from "./axes";
import { brushText, passes, stretch, withBrush } from "./brush";
import { FIRST, sorted, turned } from "./order";
import { bestOfBins } from "./slices";

const trial = (number: number, learning_rate: number, val_cost: number | null, more: Partial<Trial> = {}): Trial => ({
  number, run_id: number, round: 1, status: "finished", outcome: "finished", fits: val_cost !== null, val_cost,
  step: 300, steps: 300, seed: number, values: { learning_rate, optimizer: "sgd" }, repeat_of: null, ...more,
});
const rate: Axis = { name: "learning_rate", label: "Learning rate", scale: "log10", low: 1e-4, high: 1, choices: [], whole: false };
const rule: Axis = { name: "optimizer", label: "Optimizer", scale: "choice", low: 0, high: 1, choices: ["sgd", "adam"], whole: false };

describe("brushes", () => {
  const place = (axis: Axis, one: Trial) => unitOf(axis, one.values[axis.name]);

  it("keep the trials inside all of them", () => {
    const brushes = withBrush(withBrush({}, "learning_rate", [0.5, 1]), "optimizer", [0, 0.5]);
    const kept = [trial(1, 0.001, 1), trial(2, 0.1, 1), trial(3, 0.1, 1, { values: { learning_rate: 0.1, optimizer: "adam" } })]
      .filter((one) => passes(one, [rate, rule], brushes, place));
    expect(kept.map((one) => one.number)).toEqual([2]);
  });

  it("leave out a trial that has no value there", () => {
    expect(passes(trial(1, 0.1, 1, { values: {} }), [rate], { learning_rate: [0, 1] }, place)).toBe(false);
  });

  it("say what they hold, as a person would", () => {
    expect(brushText(rate, [0.375, 0.625])).toBe("Learning rate 0.0032–0.032");
    expect(brushText(rule, [0, 0.5])).toBe("Optimizer sgd");
  });

  it("are removed again, and a click is none", () => {
    expect(withBrush({ learning_rate: [0, 1] }, "learning_rate", null)).toEqual({});
    expect(stretch(0.5, 0.51)).toBeNull();
    expect(stretch(0.9, -0.2)).toEqual([0, 0.9]);
  });
});

describe("best of bins", () => {
  it("is the least cost of each stretch, and empty stretches are left out", () => {
    const bins = bestOfBins(rate, [trial(1, 2e-4, 3), trial(2, 3e-4, 2), trial(3, 0.5, 1)], 4);
    expect(bins).toEqual([
      { from: 0, to: 0.25, best: 2, trials: 2 },
      { from: 0.75, to: 1, best: 1, trials: 1 },
    ]);
  });

  it("counts the high end, and never a trial outside the fits", () => {
    const bins = bestOfBins(rate, [trial(1, 1, 5), trial(2, 0.9, 0.1, { fits: false, outcome: "diverged" })], 4);
    expect(bins).toEqual([{ from: 0.75, to: 1, best: 5, trials: 1 }]);
  });

  it("gives each choice a bin", () => {
    expect(bestOfBins(rule, [trial(1, 0.1, 4)])).toEqual([{ from: 0, to: 0.5, best: 4, trials: 1 }]);
  });
});

describe("the order of the table", () => {
  const trials = [trial(1, 0.1, 3), trial(2, 0.001, null), trial(3, 0.01, 1), trial(4, 0.5, 0.2, { fits: false })];
  const numbers = (column: string, down = false) => sorted(trials, { column, down }).map((one) => one.number);

  it("is by cost first, best on top, with what is outside the fits below", () => {
    expect(sorted(trials, FIRST).map((one) => one.number)).toEqual([3, 1, 4, 2]);
  });

  it("is by any hyperparameter, up and down", () => {
    expect(numbers("learning_rate")).toEqual([2, 3, 1, 4]);
    expect(numbers("learning_rate", true)).toEqual([4, 1, 3, 2]);
  });

  it("puts what has no value last either way", () => {
    expect(numbers("val_cost", true).at(-1)).toBe(2);
  });

  it("turns round when the same column is pressed again", () => {
    expect(turned(FIRST, "val_cost")).toEqual({ column: "val_cost", down: true });
    expect(turned(FIRST, "step")).toEqual({ column: "step", down: false });
  });
});

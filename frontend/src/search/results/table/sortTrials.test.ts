import { describe, expect, it } from "vitest";
import type { Trial } from "../../../api/searches";
import { DEFAULT_ORDER, sortTrials, toggleOrder } from "./sortTrials";

const trial = (
  number: number,
  learning_rate: number,
  val_cost: number | null,
  more: Partial<Trial> = {},
): Trial => ({
  number,
  run_id: number,
  round: 1,
  status: "finished",
  outcome: "finished",
  fits: val_cost !== null,
  val_cost,
  step: 300,
  steps: 300,
  seed: number,
  values: { learning_rate, optimizer: "sgd" },
  repeat_of: null,
  ...more,
});

describe("the order of the table", () => {
  const trials = [
    trial(1, 0.1, 3),
    trial(2, 0.001, null),
    trial(3, 0.01, 1),
    trial(4, 0.5, 0.2, { fits: false }),
  ];
  const numbers = (column: string, descending = false) =>
    sortTrials(trials, { column, descending }).map((trial) => trial.number);

  it("is by cost first, best on top, with what is outside the fits below", () => {
    expect(sortTrials(trials, DEFAULT_ORDER).map((trial) => trial.number)).toEqual([3, 1, 4, 2]);
  });

  it("is by any hyperparameter, up and down", () => {
    expect(numbers("learning_rate")).toEqual([2, 3, 1, 4]);
    expect(numbers("learning_rate", true)).toEqual([4, 1, 3, 2]);
  });

  it("puts what has no value last either way", () => {
    expect(numbers("val_cost", true).at(-1)).toBe(2);
  });

  it("turns round when the same column is pressed again", () => {
    expect(toggleOrder(DEFAULT_ORDER, "val_cost")).toEqual({ column: "val_cost", descending: true });
    expect(toggleOrder(DEFAULT_ORDER, "step")).toEqual({ column: "step", descending: false });
  });
});

import { describe, expect, it } from "vitest";
import type { Trial } from "../../../api/searches";
import { VALUE_AXIS } from "../../axes";
import { firstOrder, sortTrials, toggleOrder } from "./sortTrials";

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
    expect(sortTrials(trials, firstOrder("min")).map((trial) => trial.number)).toEqual([3, 1, 4, 2]);
  });

  it("is by any hyperparameter, up and down", () => {
    expect(numbers("learning_rate")).toEqual([2, 3, 1, 4]);
    expect(numbers("learning_rate", true)).toEqual([4, 1, 3, 2]);
  });

  it("puts what has no value last either way", () => {
    expect(numbers(VALUE_AXIS, true).at(-1)).toBe(2);
  });

  it("turns round when the same column is pressed again", () => {
    const first = firstOrder("min");
    expect(toggleOrder(first, VALUE_AXIS, "min")).toEqual({ column: VALUE_AXIS, descending: true });
    expect(toggleOrder(first, "step", "min")).toEqual({ column: "step", descending: false });
  });

  it("has the highest on top where that is the best", () => {
    const first = firstOrder("max");
    const values = sortTrials(trials, first)
      .filter((trial) => trial.fits)
      .map((trial) => trial.value as number);
    expect(values).toEqual([...values].sort((a, b) => b - a));
    expect(toggleOrder({ column: "step", descending: true }, VALUE_AXIS, "max")).toEqual(first);
  });
});

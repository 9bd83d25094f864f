import { describe, expect, it } from "vitest";
import type { Trial } from "../../../../api/searches";
import type { Axis } from "../../../axes";
import { unitOf } from "../../../axes";
import { bestPart, brushRange, brushText, passes, withBrush } from "./brush";

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

describe("brushes", () => {
  const positionOf = (axis: Axis, trial: Trial) => unitOf(axis, trial.values[axis.name]);

  it("keep the trials inside all of them", () => {
    const brushes = withBrush(withBrush({}, "learning_rate", [0.5, 1]), "optimizer", [0, 0.5]);
    const kept = [
      trial(1, 0.001, 1),
      trial(2, 0.1, 1),
      trial(3, 0.1, 1, { values: { learning_rate: 0.1, optimizer: "adam" } }),
    ].filter((trial) => passes(trial, [rate, rule], brushes, positionOf));
    expect(kept.map((trial) => trial.number)).toEqual([2]);
  });

  it("leave out a trial that has no value there", () => {
    expect(passes(trial(1, 0.1, 1, { values: {} }), [rate], { learning_rate: [0, 1] }, positionOf)).toBe(
      false,
    );
  });

  it("say what they hold, as a person would", () => {
    expect(brushText(rate, [0.375, 0.625])).toBe("Learning rate 0.0032–0.032");
    expect(brushText(rule, [0, 0.5])).toBe("Optimizer sgd");
  });

  it("take the better end of the objective's axis", () => {
    expect(bestPart(0.3, "min")).toEqual([0, 0.3]);
    expect(bestPart(0.3, "max")).toEqual([0.3, 1]);
    expect(bestPart(-0.1, "max")).toEqual([0, 1]);
  });

  it("are removed again, and a click is none", () => {
    expect(withBrush({ learning_rate: [0, 1] }, "learning_rate", null)).toEqual({});
    expect(brushRange(0.5, 0.51)).toBeNull();
    expect(brushRange(0.9, -0.2)).toEqual([0, 0.9]);
  });
});

import { describe, expect, it } from "vitest";
import { DEFAULT_OBJECTIVE } from "../api/objective";
import type { Search, Trial } from "../api/searches";
import { countsOf, isExcluded, ranked, repeatText, spreadText, valueAxis } from "./trials";

const trial = (number: number, value: number | null, more: Partial<Trial> = {}): Trial => ({
  number,
  run_id: 100 + number,
  round: 1,
  status: "finished",
  outcome: "finished",
  fits: value !== null,
  value,
  loss: value,
  step: 300,
  steps: 300,
  seed: number,
  values: { learning_rate: 0.01 },
  repeat_of: null,
  ...more,
});

describe("the trials", () => {
  const trials = [
    trial(1, 0.5),
    trial(2, 0.2),
    trial(3, null, { outcome: "diverged" }),
    trial(4, 0.1, { fits: false, outcome: "hand_steered" }),
    trial(5, 0.9, { fits: false, outcome: "running" }),
    trial(6, 0.15, { fits: false, repeat_of: 102 }),
  ];

  it("are ranked by cost, without those outside the fits", () => {
    expect(ranked(trials).map((trial) => trial.number)).toEqual([2, 1]);
    expect(trials.filter(isExcluded).map((trial) => trial.number)).toEqual([3, 4]);
  });

  it("are counted by outcome, from done to to come", () => {
    const counts = {
      waiting: 2,
      running: 1,
      finished: 3,
      failed: 0,
      diverged: 1,
      stopped: 0,
      stopped_early: 0,
      hand_steered: 0,
    };
    expect(countsOf({ counts } as Search).map(({ outcome }) => outcome)).toEqual([
      "finished",
      "diverged",
      "running",
      "waiting",
    ]);
  });

  it("say how sure the best is, once it was repeated", () => {
    const search = { trials, repeats: [] } as unknown as Search;
    expect(repeatText(search, 102)).toBeNull();
    const repeats = [
      { run_id: 102, val_costs: [], objective_values: [0.2, 0.21, 0.22], mean: 0.21, spread: 0.0083 },
    ];
    expect(repeatText({ ...search, repeats }, 102)).toBe("0.210 ± 0.008 (3 seeds)");
    expect(spreadText(0.0912, 0.0031)).toBe("0.0912 ± 0.0031");
  });

  it("have a logarithmic cost axis where costs span more than fivefold", () => {
    const scaleOf = (costs: number[]) => valueAxis(DEFAULT_OBJECTIVE, costs).scale;
    expect([scaleOf([0.1, 0.3]), scaleOf([0.1, 3]), scaleOf([])]).toEqual(["linear", "log10", "linear"]);
  });

  it("have a linear axis, with room above the best, where the highest is the best", () => {
    const axis = valueAxis({ objective: "val/accuracy", mode: "max" }, [0.1, 0.9]);
    expect([axis.label, axis.scale]).toEqual(["Val accuracy", "linear"]);
    expect(axis.low).toBeLessThan(0.1);
    expect(axis.high).toBeGreaterThan(0.93);
  });

  it("are ranked by their loss: the highest value first where that is the best", () => {
    const accuracy = (number: number, value: number) => trial(number, value, { loss: -value });
    const order = ranked([
      accuracy(1, 0.5),
      accuracy(2, 0.9),
      trial(3, 0.99, { fits: false }),
      accuracy(4, 0.7),
    ]);
    expect(order.map(({ number }) => number)).toEqual([2, 4, 1]);
  });
});

import { describe, expect, it } from "vitest";
import type { Search, Trial } from "../api/searches";
import { firstMethod, readMethod, readRefinement } from "./method";
import type { Plot } from "./picture";
import { drawCurves, looksOf, nearest, pathOf } from "./picture";
import { againText, costAxis, countsOf, isOutside, ranked, spreadText } from "./trials";

const trial = (number: number, val_cost: number | null, more: Partial<Trial> = {}): Trial => ({
  number, run_id: 100 + number, round: 1, status: "finished", outcome: "finished", fits: val_cost !== null, val_cost,
  step: 300, steps: 300, seed: number, values: { learning_rate: 0.01 }, repeat_of: null, ...more,
});
const plot: Plot = { width: 120, height: 120, left: 10, right: 10, top: 10, bottom: 10 };

describe("the method", () => {
  it("asks for what was written, and leaves the rest to the server", () => {
    expect(readMethod(firstMethod(300))).toEqual({
      problems: {},
      asked: { strategy: "random", trials: 24, steps: 300, seed: 0 },
    });
  });

  it("sends the rule of the rounds with coarse to fine only", () => {
    const { asked } = readMethod({ ...firstMethod(300), strategy: "coarse_to_fine", parallel: "2", stopEarly: "median", name: " wide " });
    expect(asked).toMatchObject({ keep: 2, widen: 1.5, rounds: 3, parallel: 2, stop_early: "median", name: "wide" });
  });

  it("says what is wrong beside its field", () => {
    expect(Object.keys(readMethod({ ...firstMethod(300), trials: "0", steps: "many", strategy: "coarse_to_fine", widen: "0.5" }).problems)).toEqual(["trials", "steps", "widen"]);
    expect(readRefinement({ keep: "3", widen: "1,5", trials: "8", steps: "300" }).problems["widen"]).toContain("1.5");
  });
});

describe("the trials", () => {
  const trials = [
    trial(1, 0.5), trial(2, 0.2), trial(3, null, { outcome: "diverged" }), trial(4, 0.1, { fits: false, outcome: "hand_steered" }),
    trial(5, 0.9, { fits: false, outcome: "running" }), trial(6, 0.15, { fits: false, repeat_of: 102 }),
  ];

  it("are ranked by cost, without those outside the fits", () => {
    expect(ranked(trials).map((one) => one.number)).toEqual([2, 1]);
    expect(trials.filter(isOutside).map((one) => one.number)).toEqual([3, 4]);
  });

  it("are bright when among the best three, dashed when they do not count, and faint when brushed away", () => {
    const looks = looksOf(trials, new Set([1, 2, 3, 5]));
    expect([1, 2, 3, 4, 5].map((number) => looks.get(number))).toEqual(["bright", "bright", "outside", "out", "plain"]);
  });

  it("are counted by outcome, from done to to come", () => {
    const counts = { waiting: 2, running: 1, finished: 3, failed: 0, diverged: 1, stopped: 0, stopped_early: 0, hand_steered: 0 };
    expect(countsOf({ counts } as Search).map(({ outcome }) => outcome)).toEqual(["finished", "diverged", "running", "waiting"]);
  });

  it("say how sure the best is, once it was repeated", () => {
    const search = { trials, repeats: [] } as unknown as Search;
    expect(againText(search, 102)).toBeNull();
    const repeats = [{ run_id: 102, val_costs: [0.2, 0.21, 0.22], mean: 0.21, spread: 0.0083 }];
    expect(againText({ ...search, repeats }, 102)).toBe("0.210 ± 0.008 (3 seeds)");
    expect(spreadText(0.0912, 0.0031)).toBe("0.0912 ± 0.0031");
  });
});

describe("the picture of many curves", () => {
  const curves = {
    101: { step: [100, 200, 300], value: [1, 0.7, 0.5] },
    102: { step: [100, 200, 300], value: [1, 0.4, 0.2] },
    103: { step: [100, 200], value: [1e6, "NaN" as const] },
  };
  const trials = [trial(1, 0.5), trial(2, 0.2), trial(3, null, { outcome: "diverged" })];

  it("has axes that fit those that count: one that diverged squashes nothing", () => {
    const { cost, steps } = drawCurves(trials, curves, plot, true);
    expect(cost.high).toBeLessThan(2);
    expect(steps).toBe(300);
  });

  it("finds the trial below the pointer", () => {
    const { curves: lines } = drawCurves(trials.slice(0, 2), curves, plot, true);
    const [x, y] = lines[1]?.end ?? [0, 0];
    expect(nearest(lines, x - 2, y + 3)).toBe(2);
    expect(nearest(lines, x, -200)).toBeNull();
  });

  it("breaks a line where a value is missing, and draws a lonely point as a dot", () => {
    expect(pathOf([[0, 0], [10, 5], null, [30, 5]])).toBe("M0.0 0.0L10.0 5.0M30.0 5.0h0");
  });

  it("is logarithmic where costs span more than fivefold", () => {
    expect([costAxis([0.1, 0.3]).scale, costAxis([0.1, 3]).scale, costAxis([]).scale]).toEqual(["linear", "log10", "linear"]);
  });
});

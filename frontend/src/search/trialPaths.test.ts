import { describe, expect, it } from "vitest";
import { DEFAULT_OBJECTIVE } from "../api/objective";
import type { Trial } from "../api/searches";
import type { Plot } from "./trialPaths";
import { layoutCurves, lineStyles, nearestTrial, pathOf } from "./trialPaths";

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
const plot: Plot = { width: 120, height: 120, left: 10, right: 10, top: 10, bottom: 10 };

describe("the lines of trials", () => {
  const trials = [
    trial(1, 0.5),
    trial(2, 0.2),
    trial(3, null, { outcome: "diverged" }),
    trial(4, 0.1, { fits: false, outcome: "hand_steered" }),
    trial(5, 0.9, { fits: false, outcome: "running" }),
    trial(6, 0.15, { fits: false, repeat_of: 102 }),
  ];

  it("are bright when among the best three, dashed when they do not count, and faint when brushed away", () => {
    const styles = lineStyles(trials, new Set([1, 2, 3, 5]));
    expect([1, 2, 3, 4, 5].map((number) => styles.get(number))).toEqual([
      "bright",
      "bright",
      "outside",
      "out",
      "plain",
    ]);
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
    const { cost, steps } = layoutCurves({ ...DEFAULT_OBJECTIVE, trials }, curves, plot, true);
    expect(cost.high).toBeLessThan(2);
    expect(steps).toBe(300);
  });

  it("finds the trial below the pointer", () => {
    const { curves: lines } = layoutCurves(
      { ...DEFAULT_OBJECTIVE, trials: trials.slice(0, 2) },
      curves,
      plot,
      true,
    );
    const [x, y] = lines[1]?.end ?? [0, 0];
    expect(nearestTrial(lines, x - 2, y + 3)).toBe(2);
    expect(nearestTrial(lines, x, -200)).toBeNull();
  });

  it("breaks a line where a value is missing, and draws a lonely point as a dot", () => {
    expect(pathOf([[0, 0], [10, 5], null, [30, 5]])).toBe("M0.0 0.0L10.0 5.0M30.0 5.0h0");
  });
});

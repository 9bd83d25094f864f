/** The less new points say, the longer a chart may rest. */
import { expect, test } from "vitest";
import type { OpenRun } from "../../state/state";
import { redrawIntervalMs, UNCHANGED_MS } from "./redrawInterval";
import { REDRAW_MS_MIN } from "./scheduler";

const openWith = (rates: number[]): OpenRun => {
  const step = rates.map((_, i) => i + 1);
  const series = { step, value: rates, min: rates, max: rates, count: rates.map(() => 1) };
  return { curves: { raw: { learning_rate: series } } } as unknown as OpenRun;
};

test("a strip rests while its setting stays, and is drawn soon when it changed", () => {
  const drawn = { newest: 0.01 };

  expect(redrawIntervalMs("lr", drawn, openWith([0.01, 0.01]))).toBe(UNCHANGED_MS);
  expect(redrawIntervalMs("lr", drawn, openWith([0.01, 0.02]))).toBe(REDRAW_MS_MIN);
});

test("the cost never rests longer than any chart must", () => {
  expect(redrawIntervalMs("cost", { newest: 1 }, openWith([0.01]))).toBe(REDRAW_MS_MIN);
});

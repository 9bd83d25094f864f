/** Ranges and places on a chart. */
import { expect, test } from "vitest";
import { robustRange, spread } from "./geometry";

test("a few outliers are left out of the range and counted", () => {
  const values = [...Array.from({ length: 1000 }, (_, i) => 1 + (i % 10) / 10), 500, 600];

  const { range, above } = robustRange(values, false);

  expect(range[1]).toBeLessThan(5);
  expect(above).toBe(2);
  expect(robustRange(values, true).range[1]).toBeGreaterThan(600);
});

test("a range of equal values is not empty", () => {
  const { range } = robustRange([0.5, 0.5, 0.5], false);

  expect(range[0]).toBeLessThan(0.5);
  expect(range[1]).toBeGreaterThan(0.5);
});

test("labels never lie on each other", () => {
  expect(spread([10, 12, 13], 16, 0, 100)).toEqual([10, 26, 42]);
  expect(spread([98, 95], 16, 0, 100).map((y) => y <= 100)).toEqual([true, true]);
});

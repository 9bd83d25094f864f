/** The ticks of the charts that compare runs. */
import { expect, test } from "vitest";
import { linearTicks, logTicks } from "./ticks";

test("linear ticks are round, and stay within the range", () => {
  expect(linearTicks(0, 400, 5)).toEqual([0, 100, 200, 300, 400]);
  expect(linearTicks(0.12, 0.34, 4)).toEqual([0.2, 0.3]);
  expect(linearTicks(3, 3, 4)).toEqual([3]);
});

test("a short log axis has ticks between the powers of ten", () => {
  expect(logTicks(0.08, 3)).toEqual([0.1, 0.2, 0.5, 1, 2]);
  expect(logTicks(0.0001, 2)).toEqual([0.0001, 0.001, 0.01, 0.1, 1]);
});

/** The size of a step in words. */
import { expect, test } from "vitest";
import { partText, stepSizeZone, timesText } from "./stepSize";

test.each([
  [0.0001, "very small", "busy"],
  [0.01, "usual", "good"],
  [0.05, "large", "busy"],
  [0.5, "very large", "problem"],
  [Infinity, "very large", "problem"],
])("a step of %s of the weights is %s", (part, word, tone) => {
  expect(stepSizeZone(part)).toEqual({ word, tone });
});

test("numbers that compare nothing are put in words", () => {
  expect([0.0133, 21_100, Infinity].map(partText)).toEqual(["1.33 %", "over 100 %", "over 100 %"]);
  expect([0.234, 5e8, 1e-7].map(timesText)).toEqual([
    "×0.234",
    "more than 1,000 times",
    "less than a thousandth",
  ]);
});

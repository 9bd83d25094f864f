/** What is usual for the updates of a run, and what is not. */
import { expect, test } from "vitest";
import type { Run } from "../../api/types";
import type { Series } from "../series";
import { signsOf } from "./health";

const seriesOf = (values: number[]): Series => ({
  step: values.map((_, i) => (i + 1) * 20),
  value: values,
  min: values,
  max: values,
  count: values.map(() => 1),
});

const steady = Array(50).fill(1) as number[];
const free = { max_steps_per_s: null } as Run;

test("gradients surge when three of the last five are far above what they were", () => {
  const wordOf = (end: number[]) => signsOf(free, { grad_norm: seriesOf([...steady, ...end]) })[0]?.word;

  expect(wordOf([9, 1, 9, 1, 9])).toBe("surging");
  expect(wordOf([1, 1, 9, 1, 9])).toBe("usual");
  expect(wordOf([NaN, NaN, NaN])).toBe("surging");
});

test("a step is said as a part of the weights, with the word for its size", () => {
  const [sign] = signsOf(free, { step_size: seriesOf([0.002, 0.00001]) });

  expect([sign?.value, sign?.word]).toEqual(["0.00100 % of the weights", "very small"]);
});

test("half of the usual speed is slow, unless the run has a limit", () => {
  const raw = { steps_per_s: seriesOf([NaN, ...steady.map(() => 100), 40]) };

  expect(signsOf(free, raw)[0]?.word).toBe("slow");
  expect(signsOf({ max_steps_per_s: 40 } as Run, raw)[0]?.word).toBe("limited");
});

test("what was not recorded is left out", () => {
  expect(signsOf(free, { grad_norm: seriesOf([NaN]) })).toEqual([]);
});

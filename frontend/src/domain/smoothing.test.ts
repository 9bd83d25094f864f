/** The tail goes on exactly where the server's mean stopped. */
import { expect, test } from "vitest";
import type { Series } from "./series";
import { addToMean, continueSmoothed, weightOf } from "./smoothing";

const STEPS = 20;

/** The formula the server uses: a debiased exponential mean over all finite values. */
function reference(values: number[], steps: number): number[] {
  const weight = weightOf(steps);
  let [biased, seen] = [0, 0];
  return values.map((value) => {
    if (Number.isFinite(value)) {
      biased = weight * biased + (1 - weight) * value;
      seen += 1;
    }
    return seen === 0 ? NaN : biased / (1 - weight ** seen);
  });
}

const noise = (count: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898) * 3 + 5);

function curve(values: number[], from = 1): Series {
  return {
    step: values.map((_, i) => from + i),
    value: values,
    min: [...values],
    max: [...values],
    count: values.map(() => 1),
  };
}

test("a continued mean equals the formula over the full history", () => {
  const values = noise(500);
  const whole = reference(values, STEPS);
  const smooth = curve(whole.slice(0, 123));

  continueSmoothed(smooth, curve(values), STEPS);

  expect(smooth.step.length).toBe(500);
  smooth.value.forEach((value, i) => expect(value).toBeCloseTo(whole[i] as number, 10));
});

test("a mean that starts on the page equals the formula from its first value", () => {
  const values = noise(40);
  const smooth = curve([]);

  continueSmoothed(smooth, curve(values), STEPS);

  smooth.value.forEach((value, i) => expect(value).toBeCloseTo(reference(values, STEPS)[i] as number, 10));
  expect(smooth.value[0]).toBeCloseTo(values[0] as number, 12);
});

test("a value that is not finite is left out and does not poison the mean", () => {
  const values = [1, 2, NaN, 3];
  const smooth = curve([]);

  continueSmoothed(smooth, curve(values), STEPS);

  expect(smooth.value.every(Number.isFinite)).toBe(true);
  expect(smooth.value.at(-1)).toBeCloseTo(reference(values, STEPS).at(-1) as number, 12);
});

test("a merged point weighs as much as the values behind it", () => {
  const one = { biased: 0, seen: 0 };
  const many = { biased: 0, seen: 0 };

  for (let i = 0; i < 7; i++) addToMean(one, 4, 1, STEPS);
  addToMean(many, 4, 7, STEPS);

  expect(many.biased).toBeCloseTo(one.biased, 12);
  expect(many.seen).toBe(7);
});

test("a constant stays a constant", () => {
  const smooth = curve([]);

  continueSmoothed(smooth, curve(Array(50).fill(0.3)), STEPS);

  smooth.value.forEach((value) => expect(value).toBeCloseTo(0.3, 12));
});

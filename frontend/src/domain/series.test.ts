/** Curves keep what matters however they are merged. */
import { describe, expect, test } from "vitest";
import type { Series } from "./series";
import {
  append,
  breaks,
  decimate,
  emptySeries,
  isOnFloor,
  POINTS_MAX,
  parseSeries,
  splice,
  valueAt,
  valueCount,
  windowOf,
} from "./series";

function curve(steps: number[], value: (step: number) => number = (step) => step): Series {
  const values = steps.map(value);
  return { step: steps, value: values, min: [...values], max: [...values], count: steps.map(() => 1) };
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe("decimation", () => {
  test("keeps the least and the greatest value, so a spike of one step never vanishes", () => {
    const spiky = curve(range(1, 100_000), (step) => (step === 54_321 ? 99 : step === 777 ? -5 : 1));

    const thin = decimate(spiky, 300);

    expect(thin.step.length).toBeLessThanOrEqual(301);
    expect(Math.max(...thin.max)).toBe(99);
    expect(Math.min(...thin.min)).toBe(-5);
    expect(valueCount(thin)).toBe(100_000);
  });

  test("leaves the newest point as it was measured", () => {
    const thin = decimate(curve(range(1, 1_000)), 100);

    expect([thin.step.at(-1), thin.value.at(-1), thin.count.at(-1)]).toEqual([1_000, 1_000, 1]);
    expect(valueCount(thin)).toBe(1_000);
  });

  test("leaves a curve alone that fits", () => {
    const short = curve(range(1, 50));

    expect(decimate(short, 50)).toBe(short);
  });

  test("makes NaN of a column only when nothing in it is finite", () => {
    const broken = curve(range(1, 8), (step) => (step > 4 ? NaN : step));

    const thin = decimate(broken, 2);

    expect(thin.value[0]).toBe(2.5);
    expect(thin.value[1]).toBeNaN();
  });
});

describe("a live tail", () => {
  test("drops points that a reconnect repeats", () => {
    const series = curve([1, 2, 3]);

    append(series, curve([2, 3, 4, 5]));

    expect(series.step).toEqual([1, 2, 3, 4, 5]);
  });

  test("stays bounded and loses no value when it grows for hours", () => {
    const series = emptySeries();

    for (let from = 1; from < 40_000; from += 100) append(series, curve(range(from, from + 99)));

    expect(series.step.length).toBeLessThanOrEqual(POINTS_MAX);
    expect(valueCount(series)).toBe(40_000);
    expect(Math.max(...series.max)).toBe(40_000);
  });

  test("is as fine at its beginning as further on, however long it grows", () => {
    const series = emptySeries();

    for (let from = 1; from < 200_000; from += 100) append(series, curve(range(from, from + 99)));

    expect(Math.max(...series.count)).toBeLessThanOrEqual(200_000 / 300);
    expect(Math.max(...decimate(series, 400).count)).toBeLessThanOrEqual(200_000 / 150);
  });

  test("has its holes filled by a stretch that came later", () => {
    const series = curve([1, 2, 9, 10]);

    splice(series, curve([3, 4, 5, 6, 7, 8]));

    expect(series.step).toEqual(range(1, 10));
  });
});

test("non-finite numbers travel as words and come back", () => {
  const wire = {
    step: [1, 2, 3],
    value: [1, "NaN" as const, "-Infinity" as const],
    min: [1, 1, 1],
    max: [1, 1, 1],
    count: 3,
    counts: [1, 1, 1],
  };

  expect(parseSeries(wire).value).toEqual([1, NaN, -Infinity]);
});

test("a curve breaks at its last finite point", () => {
  const series = curve(range(1, 6), (step) => (step >= 4 ? NaN : step * 10));

  expect(breaks(series)).toEqual([{ step: 3, value: 30, at: 4 }]);
});

test("the value at a step is the latest one at or before it", () => {
  const sparse = curve([25, 50, 75]);

  expect(valueAt(sparse, 60)).toBe(50);
  expect(valueAt(sparse, 10)).toBeNull();
});

test("a window has one neighbour on each side, so that lines reach the edge", () => {
  expect(windowOf(curve(range(1, 10)), 4, 6).step).toEqual([3, 4, 5, 6]);
});

describe("a curve on the floor of its chart", () => {
  test("has been within two percent of its least value for 500 steps", () => {
    const fallen = curve(range(1, 3_000), (step) => 1 / step);

    expect(isOnFloor(fallen)).toBe(true);
    expect(isOnFloor(windowOf(fallen, 1, 1_500))).toBe(true);
    expect(isOnFloor(curve(range(1, 3_000), (step) => 1 - step / 3_000))).toBe(false);
    expect(isOnFloor(curve([...range(1, 2_999), 3_000], (step) => (step === 2_900 ? 0.5 : 1 / step)))).toBe(
      false,
    );
  });
});

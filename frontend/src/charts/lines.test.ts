/** What was recorded is drawn, in whatever pieces it came. */
import { expect, test } from "vitest";
import { append, decimate, emptySeries, POINTS_MAX, type Series } from "../domain/series";
import { envelope } from "./lines";

const STEP_AXIS = { kind: "step" } as Parameters<typeof envelope>[1];

/** Numbers in [0, 1) that are the same in each run of the tests. */
function* drawn(seed: number): Generator<number> {
  for (let state = seed + 1; ; ) {
    state = (state * 48271) % 2147483647;
    yield state / 2147483647;
  }
}

const columns = (first: number, values: number[]): Series => ({
  step: values.map((_, i) => first + i),
  value: values,
  min: [...values],
  max: [...values],
  count: values.map(() => 1),
});

/** Points as the server merges them for somebody who does not keep up. */
const mergedBy = (size: number, series: Series): Series =>
  decimate(series, Math.ceil(series.step.length / size));

test.each(Array.from({ length: 40 }, (_, seed) => seed))(
  "every value lies between the two edges that are drawn (seed %i)",
  (seed) => {
    const random = drawn(seed);
    const next = (below: number): number => Math.floor((random.next().value as number) * below);
    const total = 1 + next(2 * POINTS_MAX);
    const values = Array.from({ length: total }, () => (next(50) === 0 ? 100 : 1) * next(1000));
    const live = emptySeries();
    for (let from = 0; from < total; ) {
      const size = 1 + next(400);
      append(live, mergedBy(1 + next(6), columns(from + 1, values.slice(from, from + size))));
      from += size;
    }

    for (const shown of [decimate(live, 300), decimate(columns(1, values), 300)]) {
      const [top, bottom] = envelope(shown, STEP_AXIS, "#000000") as [{ y: number[] }, { y: number[] }];
      let at = 0;
      for (const [i, value] of values.entries()) {
        while ((shown.step[at] as number) < i + 1) at++;
        expect(value).toBeLessThanOrEqual(top.y[at] as number);
        expect(value).toBeGreaterThanOrEqual(bottom.y[at] as number);
      }
    }
  },
);

test("where nothing is merged both edges are the line of the values, and are drawn", () => {
  const edges = envelope(columns(1, [3, 1, 2]), STEP_AXIS, "#000000");

  expect(edges.map((edge) => (edge as { y: number[] }).y)).toEqual([
    [3, 1, 2],
    [3, 1, 2],
  ]);
  expect(edges.map((edge) => (edge as { line: { width: number } }).line.width)).toEqual([1, 1]);
});

/** Curves as columns. They are long: functions here change them in place or cut, never copy for fun. */
import { fromWireNumber } from "../api/number";
import type { WireSeries } from "../api/types";

/** Equally long columns, steps ascending. `count` says how many values stand behind a point. */
export interface Series {
  step: number[];
  value: number[];
  min: number[];
  max: number[];
  count: number[];
}

/** Above this many points, the older half of a live curve is halved. */
export const POINTS_MAX = 6000;

export const emptySeries = (): Series => ({ step: [], value: [], min: [], max: [], count: [] });

export function parseSeries(wire: WireSeries): Series {
  return {
    step: [...wire.step],
    value: wire.value.map(fromWireNumber),
    min: wire.min.map(fromWireNumber),
    max: wire.max.map(fromWireNumber),
    count: [...wire.counts],
  };
}

export const lastStep = (series: Series | undefined): number => series?.step.at(-1) ?? 0;

/** How many values were recorded, seen or merged. */
export function valueCount(series: Series, upToStep = Infinity): number {
  let total = 0;
  for (let i = 0; i < series.step.length; i++) {
    if ((series.step[i] as number) > upToStep) break;
    total += series.count[i] as number;
  }
  return total;
}

/** Adds the points of `tail` that are newer than what is there. A reconnect may repeat some. */
export function append(series: Series, tail: Series): void {
  const from = lastStep(series);
  for (let i = 0; i < tail.step.length; i++) {
    if (series.step.length > 0 && (tail.step[i] as number) <= from) continue;
    copyPoint(tail, i, series);
  }
  if (series.step.length > POINTS_MAX) compactOlderHalf(series);
}

/** Puts a refetched range into a curve: what it covers is replaced, what came after it stays. */
export function splice(series: Series, range: Series): void {
  const first = range.step[0];
  const last = range.step.at(-1);
  if (first === undefined || last === undefined) return;
  const merged = emptySeries();
  copyRange(series, merged, (step) => step < first);
  copyRange(range, merged, () => true);
  copyRange(series, merged, (step) => step > last);
  Object.assign(series, merged);
}

/** The points with `from <= step <= to`, and one neighbour on each side so that lines reach the edge. */
export function windowOf(series: Series, from: number, to: number): Series {
  const start = Math.max(0, firstIndexFrom(series.step, from) - 1);
  const end = Math.min(series.step.length, firstIndexFrom(series.step, to) + 1);
  return {
    step: series.step.slice(start, end),
    value: series.value.slice(start, end),
    min: series.min.slice(start, end),
    max: series.max.slice(start, end),
    count: series.count.slice(start, end),
  };
}

/**
 * At most `columns` points: those of an equally wide bucket of steps are merged, and a merged point
 * keeps the least and the greatest of its values, so a spike of one step can never vanish. By steps and
 * not by points, because the older part of a live curve has fewer of them. The newest point stays as it
 * is: the curve ends at the value that is written beside it.
 */
export function decimate(series: Series, columns: number): Series {
  const last = series.step.length - 1;
  if (last < columns) return series;
  const merged = emptySeries();
  mergeBuckets(series, last, Math.max(1, columns - 1), merged);
  copyPoint(series, last, merged);
  return merged;
}

function compactOlderHalf(series: Series): void {
  const half = Math.floor(series.step.length / 2);
  const merged = emptySeries();
  mergeBuckets(series, half, Math.floor(half / 2), merged);
  for (let i = half; i < series.step.length; i++) copyPoint(series, i, merged);
  Object.assign(series, merged);
}

/** The first `length` points as at most `buckets` ones, each of equally many steps. */
function mergeBuckets(series: Series, length: number, buckets: number, into: Series): void {
  const first = series.step[0] as number;
  const width = ((series.step[length - 1] as number) - first + 1) / buckets;
  const bucketOf = (i: number): number => Math.floor(((series.step[i] as number) - first) / width);
  for (let start = 0, end = 0; start < length; start = end) {
    while (end < length && bucketOf(end) === bucketOf(start)) end++;
    mergePoints(series, start, end, into);
  }
}

/** One point for `from..end`: its mean is of the finite values, NaN only when there is none. */
function mergePoints(series: Series, from: number, end: number, into: Series): void {
  let [sum, weight, count, min, max] = [0, 0, 0, Infinity, -Infinity];
  for (let i = from; i < end; i++) {
    const points = series.count[i] as number;
    const value = series.value[i] as number;
    count += points;
    if (Number.isFinite(value)) {
      sum += value * points;
      weight += points;
    }
    min = Math.min(min, finiteOr(series.min[i], Infinity));
    max = Math.max(max, finiteOr(series.max[i], -Infinity));
  }
  into.step.push(series.step[end - 1] as number);
  into.value.push(weight > 0 ? sum / weight : NaN);
  into.min.push(min === Infinity ? NaN : min);
  into.max.push(max === -Infinity ? NaN : max);
  into.count.push(count);
}

const finiteOr = (value: number | undefined, otherwise: number): number =>
  value !== undefined && Number.isFinite(value) ? value : otherwise;

function copyPoint(from: Series, i: number, into: Series): void {
  into.step.push(from.step[i] as number);
  into.value.push(from.value[i] as number);
  into.min.push(from.min[i] as number);
  into.max.push(from.max[i] as number);
  into.count.push(from.count[i] as number);
}

function copyRange(from: Series, into: Series, includes: (step: number) => boolean): void {
  for (let i = 0; i < from.step.length; i++) if (includes(from.step[i] as number)) copyPoint(from, i, into);
}

/** The first index whose step is at least `step`, by bisection. */
export function firstIndexFrom(steps: number[], step: number): number {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] as number) < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The last finite value at or before a step, as the read-out shows it. */
export function valueAt(series: Series | undefined, step: number): number | null {
  if (!series) return null;
  const i = firstIndexFrom(series.step, step + 1) - 1;
  const value = series.value[i];
  return i >= 0 && value !== undefined ? value : null;
}

/** Below this part of the whole range, for so many steps, a curve lies on the lower edge of its chart. */
const FLOOR = 0.02;
const FLOOR_STEPS = 500;

/** Whether the newest part is so low that a linear axis shows a line on its edge. */
export function isOnFloor(series: Series): boolean {
  const finite = series.value.filter(Number.isFinite);
  const least = finite.reduce((a, b) => Math.min(a, b), Infinity);
  const greatest = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  const end = lastStep(series);
  const last = series.value.slice(firstIndexFrom(series.step, end - FLOOR_STEPS));
  if (last.length === 0 || end - (series.step[0] ?? end) < 2 * FLOOR_STEPS) return false;
  return last.every((value) => value - least < (greatest - least) * FLOOR);
}

/** Where a curve stops being finite: the last finite point before each run of NaN or infinity. */
export function breaks(series: Series): { step: number; value: number; at: number }[] {
  const result: { step: number; value: number; at: number }[] = [];
  for (let i = 1; i < series.step.length; i++) {
    const [value, before] = [series.value[i] as number, series.value[i - 1] as number];
    if (!Number.isFinite(value) && Number.isFinite(before)) {
      result.push({ step: series.step[i - 1] as number, value: before, at: series.step[i] as number });
    }
  }
  return result;
}

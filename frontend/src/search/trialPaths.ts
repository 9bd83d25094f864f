/** Lines of many trials as few paths: those alike in looks are one. Pure; in pixels. */

import { fromWireNumber } from "../api/number";
import type { Search, Trial, TrialCurves } from "../api/searches";
import type { Axis } from "./axes";
import { unitOf } from "./axes";
import { BRIGHT, isExcluded, ranked, valueAxis } from "./trials";

/** How a trial is drawn. `out`: the brushes leave it aside. */
export type LineStyle = "bright" | "good" | "plain" | "outside" | "out";

/** The best three bright, the rest of the better quarter good; what does not count is dashed. */
export function lineStyles(trials: readonly Trial[], seen: ReadonlySet<number>): Map<number, LineStyle> {
  const best = ranked(trials);
  const good = new Set(best.slice(0, Math.ceil(best.length / 4)).map((trial) => trial.number));
  const bright = new Set(best.slice(0, BRIGHT).map((trial) => trial.number));
  return new Map(
    trials.map((trial) => {
      if (!seen.has(trial.number)) return [trial.number, "out"];
      if (isExcluded(trial)) return [trial.number, "outside"];
      return [trial.number, bright.has(trial.number) ? "bright" : good.has(trial.number) ? "good" : "plain"];
    }),
  );
}

export interface Plot {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export const xOf = (plot: Plot, unit: number): number =>
  plot.left + unit * (plot.width - plot.left - plot.right);
export const yOf = (plot: Plot, unit: number): number =>
  plot.height - plot.bottom - unit * (plot.height - plot.top - plot.bottom);

export type Point = readonly [number, number];

/** A path through points; null breaks it. A lonely point is a dot, with round line ends. */
export function pathOf(points: readonly (Point | null)[]): string {
  let path = "";
  let isDown = false;
  for (const [i, point] of points.entries()) {
    if (point === null) {
      isDown = false;
      continue;
    }
    path += `${isDown ? "L" : "M"}${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
    if (!isDown && !points[i + 1]) path += "h0";
    isDown = true;
  }
  return path;
}

export interface TrialPath {
  trial: Trial;
  points: (Point | null)[];
  /** The newest point; the label of a bright curve stands there. */
  end: Point | null;
}

export interface CurvesLayout {
  cost: Axis;
  steps: number;
  curves: TrialPath[];
}

/** The curves of all trials on axes that fit those that count: what diverged is clipped. */
export function layoutCurves(
  search: Pick<Search, "trials" | "objective" | "mode">,
  curves: TrialCurves["runs"],
  plot: Plot,
  log: boolean,
): CurvesLayout {
  const { trials } = search;
  const shown = trials.flatMap((trial) => {
    const curve = curves[String(trial.run_id)];
    return curve && curve.step.length > 0
      ? [{ trial, step: curve.step, value: curve.value.map(fromWireNumber) }]
      : [];
  });
  const counted = shown.filter(({ trial }) => !isExcluded(trial));
  const cost = valueAxis(
    search,
    (counted.length > 0 ? counted : shown).flatMap(({ value }) => value),
  );
  if (!log && cost.scale === "log10") Object.assign(cost, linear(counted.flatMap(({ value }) => value)));
  const steps = Math.max(1, ...trials.map((trial) => Math.max(trial.steps, trial.step)));
  const first = Math.min(steps - 1, ...shown.map(({ step }) => step[0] as number));
  const from = first > steps / 10 ? first : 0; // a litter begins where it left the panda
  const paths = shown.map(({ trial, step, value }) => {
    const points = step.map((at, i): Point | null => {
      const unit = unitOf(cost, value[i]);
      return unit === null ? null : [xOf(plot, (at - from) / (steps - from)), yOf(plot, unit)];
    });
    return { trial, points, end: points.findLast((point) => point !== null) ?? null };
  });
  return { cost, steps, curves: paths };
}

function linear(costs: readonly number[]): Partial<Axis> {
  const finite = costs.filter(Number.isFinite);
  return { scale: "linear", low: Math.min(0, ...finite), high: Math.max(...finite) };
}

/** The nearest of many lines below a pointer: its trial's number, or null when none is near. */
export function nearestTrial(
  lines: readonly { trial: Trial; points: readonly (Point | null)[] }[],
  x: number,
  y: number,
): number | null {
  const NEAR_PX = 28;
  let nearestNumber: number | null = null;
  let least = NEAR_PX;
  for (const { trial, points } of lines) {
    for (let i = 0; i < points.length; i++) {
      const [a, b] = [points[i], points[i + 1] ?? points[i]];
      if (!a || !b || x < a[0] - 6 || x > b[0] + 6) continue;
      const part = b[0] === a[0] ? 0 : Math.min(1, Math.max(0, (x - a[0]) / (b[0] - a[0])));
      const away = Math.abs(a[1] + part * (b[1] - a[1]) - y);
      if (away < least) [nearestNumber, least] = [trial.number, away];
    }
  }
  return nearestNumber;
}

/** What each chart shows, worked out from the state alone. It draws nothing itself. */
import type { ChartGroup } from "../domain/chartGroups";
import { chartGroups, costNames, isValidation, seriesLabel } from "../domain/chartGroups";
import { breaks, valueCount, windowOf } from "../domain/series";
import { metricName } from "../format/hyperparameters";
import { measured, whole } from "../format/numbers";
import type { CurveSet, OpenRun, PageState, View } from "../state/state";
import { axisOf, toX } from "./axis";
import { branchTails } from "./branches/tails";
import type { Drawing, Label, Scene } from "./drawing";
import { lastFinite, nth } from "./drawing";
import type { Box, Frame } from "./geometry";
import { plotWidth, robustRange } from "./geometry";
import type { Viewport } from "./lines";
import { crosses, envelope, line, visibleSeries } from "./lines";
import type { Palette } from "./palette";
import { composeMomentum, composeRate } from "./strips/composeStrips";

/** More points than this cost time to paint and show nothing more. */
const COLUMNS_MAX = 800;

/** "curves:KEY" is the chart of a group of measurements; the first group is "accuracy". */
export type ChartName = "cost" | "accuracy" | "lr" | "momentum" | `curves:${string}`;

/** The visible steps: where the person zoomed, else the last ones that are followed, else all. */
export function visibleSteps(open: OpenRun, view: View): { from: number; to: number } {
  if (view.zoom) return view.zoom;
  const last = Math.max(open.curves.lastStep, open.run.step, 1);
  const first = Math.min(...Object.values(open.curves.raw).map((series) => series.step[0] ?? 1), last);
  const all = { from: first <= 2 ? 0 : first, to: ceilStep(Math.max(last, first + 10)) };
  if (view.follow === null || last - view.follow <= all.from) return all;
  const jump = Math.max(1, Math.floor(view.follow / 40)); // as above: the picture stands still in between
  const to = Math.ceil(last / jump) * jump;
  return { from: to - view.follow, to };
}

/**
 * The end of the axis grows in small jumps of 1–2.5 %, not with every point: the picture stands
 * still in between, and charts that are drawn at different moments agree.
 */
function ceilStep(step: number): number {
  const size = 10 ** Math.floor(Math.log10(step / 40));
  const jump = Math.max(
    1,
    [1, 2, 5, 10].map((times) => times * size).findLast((candidate) => candidate <= step / 40) ?? 1,
  );
  return Math.ceil(step / jump) * jump;
}

/** The charts of what is measured beside the cost; without any, how large the gradients are. */
export function measuredGroups(open: OpenRun): ChartGroup[] {
  const names = Object.keys(open.curves.raw);
  const groups = chartGroups(names, open.run.declared);
  if (groups.length > 0 || !names.includes("grad_norm")) return groups;
  return [{ key: "grad_norm", title: "Gradient norm", names: ["grad_norm"] }];
}

/** What the cost chart shows. */
export const costSeries = (open: OpenRun): string[] =>
  costNames(Object.keys(open.curves.raw), open.run.declared);

export function compose(
  name: ChartName,
  page: PageState,
  box: Box,
  colours: Palette,
  now: number,
): Drawing | null {
  const open = page.open;
  if (!open?.curves.loaded) return null;
  const axis = axisOf(page.view.axis, open, now);
  const { from, to } = visibleSteps(open, page.view);
  const viewport: Viewport = {
    from,
    to,
    axis,
    columns: Math.min(COLUMNS_MAX, Math.max(100, Math.round(plotWidth(box)))),
  };
  const x: [number, number] = [toX(axis, from), toX(axis, to)];
  const scene = { open, view: page.view, viewport, box, colours, x };
  switch (name) {
    case "cost":
      return composeCurves(scene, costSeries(open));
    case "accuracy":
      return composeCurves(scene, measuredGroups(open)[0]?.names ?? []);
    case "lr":
      return composeRate(scene);
    case "momentum":
      return composeMomentum(scene);
    default:
      return composeCurves(scene, groupNames(open, name));
  }
}

const groupNames = (open: OpenRun, name: `curves:${string}`): string[] =>
  measuredGroups(open).find(({ key }) => name === `curves:${key}`)?.names ?? [];

/** Curves that are measured: training ones raw and smoothed, validation ones dashed. */
function composeCurves(scene: Scene, names: string[]): Drawing | null {
  const { open, view, viewport, colours } = scene;
  const { traces, tails } = branchTails(open.curves, names, viewport, view, colours.ghost);
  const own = traces.length;
  const labels: Label[] = [];
  const values: number[] = [];
  const ends: { step: number; value: number }[] = [];
  let points = 0;
  let zeros = 0;
  // A cost of 0 has no place on a log axis, and an accuracy is no cost.
  const log = view.log && names.includes("train/cost");
  const seen = { training: 0, validation: 0 };
  for (const name of names) {
    const raw = visibleSeries(open.curves, name, "raw", viewport);
    if (!raw) continue;
    const validation = isValidation(name);
    const further = [colours.third, colours.branch];
    const colour = validation
      ? nth([colours.val, ...further], seen.validation++)
      : nth([colours.train, ...further], seen.training++);
    const smooth = validation ? null : visibleSeries(open.curves, name, "smooth", viewport);
    if (!validation) traces.push(...envelope(raw, viewport.axis, colour));
    const main = smooth ?? raw;
    traces.push(line(main, viewport.axis, { colour, width: 2, dash: validation ? "dash" : "solid" }));
    ends.push(...breaks(raw));
    values.push(...raw.value, ...main.value, ...raw.max, ...raw.min);
    zeros += log ? raw.value.filter((value) => value <= 0).length : 0;
    const end = endOf(open.curves, name, smooth ? "smooth" : "raw", viewport);
    if (end !== null) labels.push({ text: `${seriesLabel(name)} ${measured(end)}`, value: end, colour });
    if (name === names[0]) points = valueCount(raw);
  }
  if (traces.length === own) return null;
  const scaled = log ? values.filter((value) => value > 0).map(Math.log10) : values;
  const { range, above } = robustRange(scaled, view.showOutliers);
  const frame: Frame = { box: scene.box, x: scene.x, y: range, log };
  traces.push(...crosses(ends, frame, viewport.axis, colours.problem));
  const yaxis = { type: log ? "log" : "linear", range, nticks: 6 };
  const newest = labels[0]?.value ?? null;
  const summary = describe(scene, names);
  const axis = viewport.axis;
  return { traces, frame, axis, labels, newest, tails, points, above, zeros, yaxis, summary };
}

/** The newest value in sight, as it was recorded: the end of a drawn curve may be a mean of several. */
function endOf(curves: CurveSet, name: string, kind: "raw" | "smooth", viewport: Viewport): number | null {
  const series = curves[kind][name];
  return series ? lastFinite(windowOf(series, viewport.from, viewport.to), viewport.to) : null;
}

/** One sentence for people who do not see the chart. */
function describe(scene: Scene, names: string[]): string {
  const parts = names.flatMap((name) => {
    const series = scene.open.curves.smooth[name] ?? scene.open.curves.raw[name];
    const end = series ? lastFinite(series) : null;
    return end === null ? [] : [`${metricName(name)} ${measured(end)}`];
  });
  return `Steps ${whole(scene.viewport.from)} to ${whole(scene.viewport.to)}: ${parts.join(", ")}.`;
}

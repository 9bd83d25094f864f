/** What each chart shows, worked out from the state alone. It draws nothing itself. */
import type { Series } from "../domain/series";
import { breaks, lastStep, valueCount } from "../domain/series";
import { measured, momentum, setting, whole } from "../format/numbers";
import type { OpenRun, PageState, View } from "../state/state";
import type { Axis } from "./axis";
import { axisOf, toX } from "./axis";
import type { Box, Frame } from "./geometry";
import { plotWidth, robustRange } from "./geometry";
import type { Viewport } from "./lines";
import { branchLines, crosses, envelope, line, visibleSeries } from "./lines";
import type { Palette } from "./palette";

interface Label {
  text: string;
  value: number;
  colour: string;
}

export interface Drawing {
  traces: object[];
  frame: Frame;
  axis: Axis;
  labels: Label[];
  /** The newest value of the main curve. */
  newest: number | null;
  /** How many recorded values stand behind the main curve. */
  points: number;
  above: number;
  zeros: number;
  yaxis: object;
  summary: string;
}

/** More points than this cost time to paint and show nothing more. */
const COLUMNS_MAX = 800;

export type ChartName = "cost" | "accuracy" | "lr" | "momentum";

/** The visible steps: where the person zoomed, else all of them. */
export function visibleSteps(open: OpenRun, view: View): { from: number; to: number } {
  if (view.zoom) return view.zoom;
  const last = Math.max(open.curves.lastStep, open.run.step, 1);
  const first = Math.min(...Object.values(open.curves.raw).map((series) => series.step[0] ?? 1), last);
  return { from: first <= 2 ? 0 : first, to: ceilStep(Math.max(last, first + 10)) };
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

/** Measurements beside the cost; a task that has none shows how large its gradients are. */
export function measurements(open: OpenRun): string[] {
  const names = Object.keys(open.curves.raw).filter(
    (name) => /^(train|val)\//.test(name) && !name.endsWith("/cost"),
  );
  if (names.length > 0) return names.sort();
  return Object.keys(open.curves.raw).includes("grad_norm") ? ["grad_norm"] : [];
}

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
      return composeCurves(scene, ["train/cost", "val/cost"]);
    case "accuracy":
      return composeCurves(scene, measurements(open));
    case "lr":
      return composeRate(scene);
    case "momentum":
      return composeMomentum(scene);
  }
}

interface Scene {
  open: OpenRun;
  view: View;
  viewport: Viewport;
  box: Box;
  colours: Palette;
  x: [number, number];
}

const shortName = (name: string): string =>
  name.endsWith("/cost") || name.endsWith("/accuracy")
    ? (name.split("/")[0] as string)
    : name.replace("_", " ");

/** Curves that are measured: training ones raw and smoothed, validation ones dashed. */
function composeCurves(scene: Scene, names: string[]): Drawing | null {
  const { open, view, viewport, colours } = scene;
  const traces: object[] = [];
  const labels: Label[] = [];
  const values: number[] = [];
  const ends: { step: number; value: number }[] = [];
  let points = 0;
  let zeros = 0;
  // A cost of 0 has no place on a log axis, and an accuracy is no cost.
  const log = view.log && names.includes("train/cost");
  for (const [i, name] of names.entries()) {
    const raw = visibleSeries(open.curves, name, "raw", viewport);
    if (!raw) continue;
    const validation = name.startsWith("val/");
    const colour = validation ? (i < 2 ? colours.val : colours.third) : colours.train;
    const smooth = validation ? null : visibleSeries(open.curves, name, "smooth", viewport);
    traces.push(...branchLines(open.curves, name, viewport, colours.ghost));
    if (!validation) traces.push(...envelope(raw, viewport.axis, colour));
    const main = smooth ?? raw;
    traces.push(line(main, viewport.axis, { colour, width: 2, dash: validation ? "dash" : "solid" }));
    ends.push(...breaks(raw));
    values.push(...raw.value, ...main.value, ...raw.max, ...raw.min);
    zeros += log ? raw.value.filter((value) => value <= 0).length : 0;
    const end = lastFinite(main, viewport.to);
    if (end !== null) labels.push({ text: `${shortName(name)} ${measured(end)}`, value: end, colour });
    if (name === names[0]) points = valueCount(raw);
  }
  if (traces.length === 0) return null;
  const scaled = log ? values.filter((value) => value > 0).map(Math.log10) : values;
  const { range, above } = robustRange(scaled, view.showOutliers);
  const frame: Frame = { box: scene.box, x: scene.x, y: range, log };
  traces.push(...crosses(ends, frame, viewport.axis, colours.problem));
  const yaxis = { type: log ? "log" : "linear", range, nticks: 6 };
  const newest = labels[0]?.value ?? null;
  const summary = describe(scene, names);
  return { traces, frame, axis: viewport.axis, labels, newest, points, above, zeros, yaxis, summary };
}

/** One sentence for people who do not see the chart. */
function describe(scene: Scene, names: string[]): string {
  const parts = names.flatMap((name) => {
    const series = scene.open.curves.smooth[name] ?? scene.open.curves.raw[name];
    const end = series ? lastFinite(series) : null;
    return end === null ? [] : [`${name.replace("/", " ")} ${measured(end)}`];
  });
  return `Steps ${whole(scene.viewport.from)} to ${whole(scene.viewport.to)}: ${parts.join(", ")}.`;
}

function composeRate(scene: Scene): Drawing | null {
  const series = visibleSeries(scene.open.curves, "learning_rate", "raw", scene.viewport);
  if (!series) return null;
  const { colours, viewport } = scene;
  const positive = [...series.min, ...series.max].filter((value) => value > 0).map(Math.log10);
  const [low, high] = [Math.min(...positive, Infinity), Math.max(...positive, -Infinity)];
  if (!Number.isFinite(low)) return null;
  const middle = (low + high) / 2;
  const half = Math.max(0.75, (high - low) / 2 + 0.25); // decades: a change of ×2 should be seen as a step
  const range: [number, number] = [middle - half, middle + half];
  const end = lastFinite(series, viewport.to) ?? (lastFinite(series) as number);
  return {
    traces: [line(series, viewport.axis, { colour: colours.train, width: 2, shape: "hv" })],
    frame: { box: scene.box, x: scene.x, y: range, log: true },
    axis: viewport.axis,
    labels: [{ text: setting(end), value: end, colour: colours.train }],
    newest: end,
    points: valueCount(series),
    above: 0,
    zeros: 0,
    yaxis: { type: "log", range, ...decades(range) },
    summary: `Learning rate ${setting(end)} at step ${whole(lastStep(series))}.`,
  };
}

/** A tick at each visible power of ten; every other one when there are many. */
function decades([low, high]: [number, number]): object {
  const every = high - low > 3 ? 2 : 1;
  const powers = Array.from({ length: 12 }, (_, i) => i - 10).filter(
    (power) => power % every === 0 && power >= low && power <= high,
  );
  return {
    tickvals: powers.map((power) => 10 ** power),
    ticktext: powers.map((power) => setting(10 ** power)),
  };
}

const MOMENTUM_TICKS = [0, 0.9, 0.99, 0.999];

/** Drawn as −log10(1−β): 0.9, 0.99 and 0.999 are as far apart as they feel. */
function composeMomentum(scene: Scene): Drawing | null {
  const series = visibleSeries(scene.open.curves, "momentum", "raw", scene.viewport);
  if (!series) return null;
  const { colours, viewport } = scene;
  const toScale = (beta: number): number => -Math.log10(Math.max(1e-6, 1 - beta));
  const shown = { ...series, value: series.value.map(toScale) };
  const range: [number, number] = [-0.2, Math.max(1.4, ...shown.value.filter(Number.isFinite)) + 0.3];
  const end = lastFinite(series, viewport.to);
  if (end === null) return null;
  return {
    traces: [line(shown, viewport.axis, { colour: colours.third, width: 2, shape: "hv" })],
    frame: { box: scene.box, x: scene.x, y: range, log: false },
    axis: viewport.axis,
    labels: [{ text: momentum(end), value: toScale(end), colour: colours.third }],
    newest: end,
    points: valueCount(series),
    above: 0,
    zeros: 0,
    yaxis: {
      type: "linear",
      range,
      tickvals: MOMENTUM_TICKS.map(toScale),
      ticktext: MOMENTUM_TICKS.map(String),
    },
    summary: `Momentum ${momentum(end)} at step ${whole(lastStep(series))}.`,
  };
}

/** The newest finite value, at `to` or before. */
export function lastFinite(series: Series, to = Infinity): number | null {
  for (let i = series.value.length - 1; i >= 0; i--) {
    const value = series.value[i] as number;
    if (Number.isFinite(value) && (series.step[i] as number) <= to) return value;
  }
  return null;
}

/** What each chart shows, worked out from the state alone. It draws nothing itself. */
import type { ChartGroup } from "../domain/chartGroups";
import {
  chartGroups,
  costNames,
  isValidation,
  momentumNames,
  optionPlace,
  rateNames,
  seriesLabel,
} from "../domain/chartGroups";
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

/** "curves:KEY" is the chart of a group of measurements; the first group is "accuracy". */
export type ChartName = "cost" | "accuracy" | "lr" | "momentum" | `curves:${string}`;

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

interface Scene {
  open: OpenRun;
  view: View;
  viewport: Viewport;
  box: Box;
  colours: Palette;
  x: [number, number];
}

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
    traces.push(...branchLines(open.curves, name, viewport, colours.ghost));
    if (!validation) traces.push(...envelope(raw, viewport.axis, colour));
    const main = smooth ?? raw;
    traces.push(line(main, viewport.axis, { colour, width: 2, dash: validation ? "dash" : "solid" }));
    ends.push(...breaks(raw));
    values.push(...raw.value, ...main.value, ...raw.max, ...raw.min);
    zeros += log ? raw.value.filter((value) => value <= 0).length : 0;
    const end = lastFinite(main);
    if (end !== null) labels.push({ text: `${seriesLabel(name)} ${measured(end)}`, value: end, colour });
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

const nth = (colours: string[], i: number): string => colours[i % colours.length] as string;

/** One sentence for people who do not see the chart. */
function describe(scene: Scene, names: string[]): string {
  const parts = names.flatMap((name) => {
    const series = scene.open.curves.smooth[name] ?? scene.open.curves.raw[name];
    const end = series ? lastFinite(series) : null;
    return end === null ? [] : [`${name.replace("/", " ")} ${measured(end)}`];
  });
  return `Steps ${whole(scene.viewport.from)} to ${whole(scene.viewport.to)}: ${parts.join(", ")}.`;
}

/** One line of a strip: an option of an optimizer, or of one of its parameter groups. */
interface Option {
  name: string;
  series: Series;
  colour: string;
  end: number;
}

function visibleOptions(scene: Scene, names: string[], colours: string[]): Option[] {
  return names.flatMap((name, i) => {
    const series = visibleSeries(scene.open.curves, name, "raw", scene.viewport);
    const end = series ? lastFinite(series) : null;
    return series && end !== null ? { name, series, end, colour: nth(colours, i) } : [];
  });
}

/** Equal values are written once. */
const optionLabels = (options: Option[], text: (value: number) => string, at = (value: number) => value) =>
  options
    .map(({ end, colour }) => ({ text: text(end), value: at(end), colour }))
    .filter((label, i, labels) => labels.findIndex((other) => other.text === label.text) === i);

function describeOptions(options: Option[], option: string, word: string, text: (value: number) => string) {
  const parts = options.map(({ name, end }) => `${optionPlace(name, option)} ${text(end)}`.trim());
  return `${word} ${parts.join(", ")} at step ${whole(lastStep(options[0]?.series))}.`;
}

function composeRate(scene: Scene): Drawing | null {
  const { colours, viewport } = scene;
  const names = rateNames(Object.keys(scene.open.curves.raw));
  const options = visibleOptions(scene, names, [colours.train, colours.val, colours.third, colours.branch]);
  const [first] = options;
  if (!first) return null;
  const positive = options
    .flatMap(({ series }) => [...series.min, ...series.max])
    .filter((value) => value > 0)
    .map(Math.log10);
  const [low, high] = [Math.min(...positive, Infinity), Math.max(...positive, -Infinity)];
  if (!Number.isFinite(low)) return null;
  const middle = (low + high) / 2;
  const half = Math.max(0.75, (high - low) / 2 + 0.25); // decades: a change of ×2 should be seen as a step
  const range: [number, number] = [middle - half, middle + half];
  return {
    traces: options.map(({ series, colour }) =>
      line(series, viewport.axis, { colour, width: 2, shape: "hv" }),
    ),
    frame: { box: scene.box, x: scene.x, y: range, log: true },
    axis: viewport.axis,
    labels: optionLabels(options, setting),
    newest: first.end,
    points: valueCount(first.series),
    above: 0,
    zeros: 0,
    yaxis: { type: "log", range, ...decades(range) },
    summary: describeOptions(options, "learning_rate", "Learning rate", setting),
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
  const { colours, viewport } = scene;
  const names = momentumNames(Object.keys(scene.open.curves.raw));
  const options = visibleOptions(scene, names, [colours.third, colours.train, colours.val, colours.branch]);
  const [first] = options;
  if (!first) return null;
  const toScale = (beta: number): number => -Math.log10(Math.max(1e-6, 1 - beta));
  const shown = options.map((option) => ({ ...option, values: option.series.value.map(toScale) }));
  const values = shown.flatMap((option) => option.values).filter(Number.isFinite);
  const range: [number, number] = [-0.2, Math.max(1.4, ...values) + 0.3];
  return {
    traces: shown.map(({ series, colour, values }) =>
      line(series, viewport.axis, { colour, width: 2, shape: "hv" }, values),
    ),
    frame: { box: scene.box, x: scene.x, y: range, log: false },
    axis: viewport.axis,
    labels: optionLabels(options, momentum, toScale),
    newest: first.end,
    points: valueCount(first.series),
    above: 0,
    zeros: 0,
    yaxis: {
      type: "linear",
      range,
      tickvals: MOMENTUM_TICKS.map(toScale),
      ticktext: MOMENTUM_TICKS.map(String),
    },
    summary: describeOptions(options, "momentum", "Momentum", momentum),
  };
}

export function lastFinite(series: Series): number | null {
  for (let i = series.value.length - 1; i >= 0; i--) {
    const value = series.value[i] as number;
    if (Number.isFinite(value)) return value;
  }
  return null;
}

/** The strips below the cost: the learning rates and the momenta, of each optimizer and parameter group. */
import { momentumNames, optionPlace, rateNames } from "../../domain/chartGroups";
import type { Series } from "../../domain/series";
import { lastStep, valueCount } from "../../domain/series";
import { momentum, setting, whole } from "../../format/numbers";
import type { Drawing, Scene } from "../drawing";
import { lastFinite, nth } from "../drawing";
import { line, visibleSeries } from "../lines";

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
    const end = series ? (lastFinite(series, scene.viewport.to) ?? lastFinite(series)) : null;
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

export function composeRate(scene: Scene): Drawing | null {
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
    tails: [],
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
export function composeMomentum(scene: Scene): Drawing | null {
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
    tails: [],
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

/** The newest finite value, at `to` or before. */

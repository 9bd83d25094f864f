/** Where a value of a hyperparameter stands on a drawn axis, 0 to 1, and the ticks there. Pure. */
import type { Space, SpacePart } from "../api/searches";
import type { Hyperparameter, Scale, Value } from "../api/types";
import { fromSlider, toSlider } from "../domain/hyperparameters/sliderScale";
import { nameOf, valueText } from "../format/hyperparameters";

export interface Axis {
  name: string;
  label: string;
  /** Choices stand evenly spaced, in their order. */
  scale: Scale | "choice";
  low: number;
  high: number;
  choices: Value[];
  whole: boolean;
}

/** A part of an axis that goes without a label. */
const LABEL_GAP = 0.2;
/** The name of the axis of what is best. Its ends are where a robust range happened to end. */
export const VALUE_AXIS = "objective_value";

export interface Tick {
  at: number; // 0 to 1
  /** Empty: a small tick between labelled ones. */
  text: string;
}

/** The axis of a part of a space; null when all trials have the same value there. */
export function axisOf(name: string, part: SpacePart, declared: Hyperparameter | undefined): Axis | null {
  const label = declared?.label ?? nameOf(name);
  const axis = { name, label, low: 0, high: 1, choices: [] as Value[], whole: declared?.kind === "int" };
  if (part.values) return part.values.length > 1 ? { ...axis, scale: "choice", choices: part.values } : null;
  if (part.low === undefined || part.high === undefined) return null;
  return { ...axis, scale: part.scale ?? "linear", low: part.low, high: part.high };
}

export const axesOf = (space: Space, declared: Hyperparameter[]): Axis[] => {
  const rank = (name: string): number => declared.findIndex((hyperparameter) => hyperparameter.name === name);
  return Object.entries(space)
    .sort(([a], [b]) => rank(a) - rank(b))
    .flatMap(
      ([name, part]) =>
        axisOf(
          name,
          part,
          declared.find((hyperparameter) => hyperparameter.name === name),
        ) ?? [],
    );
};

/** 0 at the low end, 1 at the high end; beyond them outside. Null: it has no place there. */
export function unitOf(axis: Axis, value: Value | null | undefined): number | null {
  if (value === null || value === undefined) return null;
  if (axis.scale === "choice") {
    const i = axis.choices.indexOf(value);
    return i < 0 ? null : (i + 0.5) / axis.choices.length;
  }
  const [low, high] = [toSlider(axis.low, axis.scale), toSlider(axis.high, axis.scale)];
  const at = toSlider(Number(value), axis.scale);
  if (!Number.isFinite(at) || !Number.isFinite(low) || !Number.isFinite(high)) return null;
  return high === low ? 0.5 : (at - low) / (high - low);
}

/** The value at a place of a number's axis, as a person would write it. */
export function valueAtUnit(axis: Axis, unit: number): number {
  if (axis.scale === "choice") throw new RangeError(`${axis.name} has choices, no numbers`);
  const [low, high] = [toSlider(axis.low, axis.scale), toSlider(axis.high, axis.scale)];
  const at = low + unit * (high - low);
  const value = axis.scale === "log2" ? 2 ** at : fromSlider(at, axis.scale);
  if (axis.whole) return Math.round(value);
  return axis.scale === "log2" ? Number(value.toPrecision(3)) : value;
}

export const textOf = (axis: Axis, value: Value): string => valueText(axis.name, value);

/** Labelled ticks where a person expects them: powers on log scales, round numbers on linear ones. */
export function ticksOf(axis: Axis, most = 6): Tick[] {
  const tick = (value: Value, text: string): Tick | null => {
    const at = unitOf(axis, value);
    return at === null || at < -1e-9 || at > 1 + 1e-9 ? null : { at, text };
  };
  const present = (ticks: (Tick | null)[]): Tick[] => ticks.filter((tick) => tick !== null);
  if (axis.scale === "choice")
    return present(axis.choices.map((choice) => tick(choice, textOf(axis, choice))));
  const { major, minor } = candidates(axis);
  const labelled = present(major.map((value) => tick(value, textOf(axis, value))));
  const between = present(minor.map((value) => tick(value, "")));
  const shown = everyNth(labelled, most);
  const ends = present([tick(axis.low, textOf(axis, axis.low)), tick(axis.high, textOf(axis, axis.high))]);
  if (shown.length < 2) return [...ends, ...between];
  // An end far from any label would leave its side of the axis unsaid.
  const far = ends.filter((end) => shown.every((tick) => Math.abs(tick.at - end.at) > LABEL_GAP));
  return [...shown, ...(axis.name === VALUE_AXIS ? [] : far), ...between];
}

function everyNth(ticks: Tick[], most: number): Tick[] {
  const every = Math.max(1, Math.ceil(ticks.length / most));
  return ticks.filter((_, i) => i % every === 0);
}

function candidates(axis: Axis): { major: number[]; minor: number[] } {
  switch (axis.scale) {
    case "log10": {
      const powers = range(Math.floor(Math.log10(axis.low)), Math.ceil(Math.log10(axis.high)));
      const tens = powers.map((power) => Number(`1e${power}`));
      const all = (times: number[]) =>
        tens.flatMap((ten) => times.map((by) => Number((ten * by).toPrecision(6))));
      const narrow = Math.log10(axis.high / axis.low) < 1.5;
      return { major: narrow ? all([1, 2, 5]) : tens, minor: all([2, 3, 4, 5, 6, 7, 8, 9]) };
    }
    case "minus_log10_one_minus": {
      const powers = range(0, Math.ceil(-Math.log10(1 - axis.high)) + 1);
      const nines = (times: number[]) =>
        powers.flatMap((power) => times.map((by) => Number((1 - by * 10 ** -power).toFixed(8))));
      const narrow = Math.log10((1 - axis.low) / (1 - axis.high)) < 1.5;
      return { major: nines(narrow ? [1, 0.5, 0.2] : [1]), minor: nines([9, 8, 7, 6, 5, 4, 3, 2]) };
    }
    case "log2":
      return {
        major: range(Math.floor(Math.log2(axis.low)), Math.ceil(Math.log2(axis.high))).map(
          (power) => 2 ** power,
        ),
        minor: [],
      };
    default:
      return { major: evenly(axis.low, axis.high, axis.whole), minor: [] };
  }
}

/** Multiples of 1, 2 or 5 times a power of ten: about five of them. */
export function evenly(low: number, high: number, whole = false): number[] {
  const rough = (high - low) / 5;
  if (!(rough > 0)) return [low];
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(whole ? 1 : 0, ([1, 2, 5, 10].find((by) => by * size >= rough) ?? 10) * size);
  return range(Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)).map((i) =>
    Number((i * step).toPrecision(12)),
  );
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);

/** The space as it is written in the form, row by row, and what of it can be sent. Pure. */

import { fromWireNumber } from "../../../api/number";
import type { Space, SpacePart } from "../../../api/searches";
import type { Hyperparameter, Run, Scale, Value, Values } from "../../../api/types";
import { applies, readDeclared } from "../../../domain/hyperparameters/hyperparameters";
import { fromSlider, toSlider } from "../../../domain/hyperparameters/sliderScale";
import { valueText } from "../../../format/hyperparameters";
import { notANumberText, parseWhole } from "../../../format/parseNumber";

export type Role = "searched" | "fixed" | "conditional";

/** One hyperparameter of the space, as it is written. Numbers stay text until they are sent. */
export interface Row {
  name: string;
  role: Role;
  /** A list instead of a range: the only way for choices. */
  scale: Scale | "values";
  low: string;
  high: string;
  values: string;
  fixed: string;
  /** Points of a grid along this axis. */
  points: string;
  when: { name: string; values: string[] };
}

export type Declared = readonly Hyperparameter[];

export const POINTS = 5;
const POINTS_MAX = 1000;
/** Where a search of a usual network begins, clipped to what the task allows. */
const USUAL: Record<string, [number, number]> = {
  learning_rate: [1e-4, 1],
  momentum: [0.9, 0.999],
  hidden_units: [16, 256],
  batch_size: [8, 128],
  layers: [1, 4],
  weight_decay: [1e-6, 1e-2],
  dropout: [0, 0.5],
  epsilon: [1e-10, 1e-4],
  grad_clip: [0.1, 10],
  beta1: [0.5, 0.99],
  beta2: [0.9, 0.9999],
  final_factor: [1e-3, 1],
  decay_rate: [0.1, 1],
};
/** What is searched at first where a task has it; the rest of tier 1 and 2 is shown, and fixed. */
const SEARCHED = ["learning_rate", "momentum", "hidden_units"];

const written = (hyperparameter: Hyperparameter, value: Value): string =>
  typeof value === "number" ? valueText(hyperparameter.name, value).replace(/,/g, "") : String(value);

const isList = (hyperparameter: Hyperparameter): boolean =>
  hyperparameter.kind === "choice" || hyperparameter.kind === "bool";

export const choicesOf = (hyperparameter: Hyperparameter): Value[] =>
  hyperparameter.kind === "bool" ? [false, true] : (hyperparameter.choices ?? []);

/** The scales that make sense for a hyperparameter, the declared one first. */
export function scalesOf(hyperparameter: Hyperparameter): Row["scale"][] {
  if (isList(hyperparameter)) return ["values"];
  const scales: Row["scale"][] = [hyperparameter.scale, "linear"];
  if (hyperparameter.kind === "int") scales.push("log2");
  else if (hyperparameter.scale !== "minus_log10_one_minus") scales.push("log10");
  return [...new Set<Row["scale"]>([...scales, "values"])];
}

/** The range to begin with. */
function usualRange(hyperparameter: Hyperparameter): [number, number] {
  const [low, high] = [
    fromWireNumber(hyperparameter.low ?? 0),
    fromWireNumber(hyperparameter.high ?? Infinity),
  ];
  const about = Number(hyperparameter.default) || 1;
  const [from, to] =
    USUAL[hyperparameter.name] ??
    (hyperparameter.scale === "linear"
      ? [low, Number.isFinite(high) ? high : about * 2]
      : [about / 10, about * 10]);
  return [Math.max(low, from), Math.min(high, to)];
}

/** A row as it is when it comes in: `value` is what the task, or the run it comes from, has. */
export function rowOf(hyperparameter: Hyperparameter, value: Value, role: Role = "searched"): Row {
  const [low, high] = isList(hyperparameter) ? [0, 1] : usualRange(hyperparameter);
  return {
    name: hyperparameter.name,
    role,
    scale: isList(hyperparameter) ? "values" : hyperparameter.scale,
    low: written(hyperparameter, low),
    high: written(hyperparameter, high),
    values: isList(hyperparameter) ? choicesOf(hyperparameter).join(" ") : written(hyperparameter, value),
    fixed: written(hyperparameter, value),
    points: String(POINTS),
    when: { name: "", values: [] },
  };
}

/** The rows of a new search: tiers 1 and 2 as far as they matter with this optimizer, the usual three of them searched. */
export function rowsOf(declared: Declared, values: Values): Row[] {
  const own = Object.fromEntries(
    declared.map((hyperparameter) => [
      hyperparameter.name,
      values[hyperparameter.name] ?? hyperparameter.default,
    ]),
  );
  const shown = declared.filter(
    (hyperparameter) =>
      (hyperparameter.tier < 3 || SEARCHED.includes(hyperparameter.name)) &&
      applies(hyperparameter, { values: own }),
  );
  return shown.map((hyperparameter) =>
    rowOf(
      hyperparameter,
      values[hyperparameter.name] ?? hyperparameter.default,
      SEARCHED.includes(hyperparameter.name) ? "searched" : "fixed",
    ),
  );
}

/**
 * A space around the values of a run: the learning rate a decade down and up, momentum half a decade of
 * 1 − β. A litter begins with the run's weights, so what shapes the network stays.
 */
export function rowsAround(declared: Declared, run: Pick<Run, "values">): Row[] {
  const rows = declared
    .filter(
      (hyperparameter) =>
        (hyperparameter.tier < 3 && applies(hyperparameter, run)) ||
        (run.values[hyperparameter.name] ?? hyperparameter.default) !== hyperparameter.default,
    )
    .map((hyperparameter) =>
      rowOf(hyperparameter, run.values[hyperparameter.name] ?? hyperparameter.default, "fixed"),
    );
  return rows.map((row) => {
    const hyperparameter = declared.find((item) => item.name === row.name) as Hyperparameter;
    const decades = { learning_rate: 1, momentum: 0.5 }[row.name];
    const value = Number(run.values[row.name] ?? hyperparameter.default);
    if (decades === undefined || hyperparameter.scale === "linear" || !(value > 0)) return row;
    const at = toSlider(value, hyperparameter.scale);
    const end = (by: number): string =>
      written(hyperparameter, clip(hyperparameter, fromSlider(at + by, hyperparameter.scale)));
    return { ...row, role: "searched", low: end(-decades), high: end(decades) };
  });
}

const clip = (hyperparameter: Hyperparameter, value: number): number =>
  Math.min(
    fromWireNumber(hyperparameter.high ?? Infinity),
    Math.max(fromWireNumber(hyperparameter.low ?? -Infinity), value),
  );

/** The rows that would write this space: of an earlier search, say. */
export function rowsFrom(space: Space, declared: Declared): Row[] {
  return declared.flatMap((hyperparameter) => {
    const part = space[hyperparameter.name];
    return part ? [rowFrom(hyperparameter, part)] : [];
  });
}

function rowFrom(hyperparameter: Hyperparameter, part: SpacePart): Row {
  const row = rowOf(
    hyperparameter,
    part.fixed ?? hyperparameter.default,
    part.fixed !== undefined ? "fixed" : "searched",
  );
  if (part.scale) row.scale = part.scale;
  if (part.values)
    [row.scale, row.values] = [
      "values",
      part.values.map((value) => written(hyperparameter, value)).join(" "),
    ];
  if (part.low !== undefined) row.low = written(hyperparameter, part.low);
  if (part.high !== undefined) row.high = written(hyperparameter, part.high);
  const [when] = Object.entries(part.when ?? {});
  if (when) [row.role, row.when] = ["conditional", { name: when[0], values: when[1].map(String) }];
  return row;
}

export interface ReadSpace {
  space: Space;
  points: Record<string, number>;
  /** Sentences by "name.field". */
  problems: Record<string, string>;
}

/** `own` are the values that trials have anyway: fixed ones equal to them need not be sent. */
export function readSpace(rows: readonly Row[], declared: Declared, own: Values = {}): ReadSpace {
  const read: ReadSpace = { space: {}, points: {}, problems: {} };
  for (const row of rows) {
    const hyperparameter = declared.find((item) => item.name === row.name);
    if (!hyperparameter) continue;
    const part = readRow(
      row,
      hyperparameter,
      (field, problem) => (read.problems[`${row.name}.${field}`] = problem),
    );
    if (!part || (part.fixed !== undefined && part.fixed === own[row.name])) continue;
    read.space[row.name] = part;
    if (row.role === "fixed" || part.values) continue;
    const points = parseWhole(row.points, 1, POINTS_MAX, POINTS);
    if (points.problem === null) read.points[row.name] = points.value;
    else read.problems[`${row.name}.points`] = points.problem;
  }
  return read;
}

type Complain = (field: string, problem: string) => void;

function readRow(row: Row, hyperparameter: Hyperparameter, complain: Complain): SpacePart | null {
  if (row.role === "fixed") return readFixed(row, hyperparameter, complain);
  const part =
    row.scale === "values"
      ? readValues(row, hyperparameter, complain)
      : readRange(row, hyperparameter, row.scale, complain);
  if (part === null || row.role !== "conditional") return part;
  if (row.when.name === "" || row.when.values.length === 0) {
    complain("when", "Choose a parameter and its values: when is this one used?");
    return null;
  }
  return { ...part, when: { [row.when.name]: row.when.values.map(plainValue) } };
}

const plainValue = (text: string): Value => (text === "true" ? true : text === "false" ? false : text);

function readFixed(row: Row, hyperparameter: Hyperparameter, complain: Complain): SpacePart | null {
  if (isList(hyperparameter))
    return { fixed: hyperparameter.kind === "bool" ? row.fixed === "true" : row.fixed };
  const typed = readDeclared(row.fixed, NaN, hyperparameter);
  if (typed.value !== null) return { fixed: typed.value };
  complain("fixed", typed.problem);
  return null;
}

function readValues(row: Row, hyperparameter: Hyperparameter, complain: Complain): SpacePart | null {
  const parts = row.values.split(/[\s,;]+/).filter(Boolean);
  if (parts.length === 0) {
    complain("values", "Choose at least one value.");
    return null;
  }
  if (isList(hyperparameter))
    return { values: hyperparameter.kind === "bool" ? parts.map((part) => part === "true") : parts };
  const values: number[] = [];
  for (const part of parts) {
    const typed = readDeclared(part, NaN, hyperparameter);
    if (typed.value === null) {
      complain("values", typed.problem);
      return null;
    }
    values.push(typed.value);
  }
  return { values: [...new Set(values)] };
}

function readRange(
  row: Row,
  hyperparameter: Hyperparameter,
  scale: Scale,
  complain: Complain,
): SpacePart | null {
  const low = readEnd(row.low, hyperparameter, scale);
  const high = readEnd(row.high, hyperparameter, scale);
  if (low.problem !== null) complain("low", low.problem);
  if (high.problem !== null) complain("high", high.problem);
  if (low.value === null || high.value === null) return null;
  if (low.value < high.value) return { scale, low: low.value, high: high.value };
  complain("high", `The high end must be above the low end, ${valueText(hyperparameter.name, low.value)}.`);
  return null;
}

function readEnd(
  text: string,
  hyperparameter: Hyperparameter,
  scale: Scale,
): ReturnType<typeof readDeclared> {
  const typed = readDeclared(text, NaN, hyperparameter);
  if (typed.value === null)
    return text.trim() ? typed : { value: null, problem: notANumberText(text, "Enter a number.") };
  if (scale.startsWith("log") && typed.value <= 0) {
    return {
      value: null,
      problem: "A logarithmic scale begins above 0. Write a small number, such as 1e-4.",
    };
  }
  return typed;
}

/** From declarations to a draft of texts, and back to values with what is wrong. Pure. */
import type { Hyperparameter, Value, Values } from "../api/types";
import { readDeclared } from "../controls/LiveControl";
import { valueText } from "../charts/markers";
import { typedWhole } from "../text/typedNumber";
import type { Draft } from "./HyperparameterFields";

const textOf = (one: Hyperparameter, value: Value): string | boolean =>
  typeof value === "boolean" ? value : one.kind === "choice" ? String(value) : valueText(one.name, value).replace(/,/g, "");

export function draftOf(declared: Hyperparameter[], values: Values): Draft {
  return Object.fromEntries(declared.map((one) => [one.name, textOf(one, values[one.name] ?? one.default)]));
}

export interface Read {
  values: Values;
  problems: Record<string, string>;
}

/** Only what differs from `from`: the rest is the server's to fill in. */
export function readDraft(declared: Hyperparameter[], draft: Draft, from: Values): Read {
  const values: Values = {};
  const problems: Record<string, string> = {};
  for (const one of declared) {
    const written = draft[one.name];
    const before = from[one.name] ?? one.default;
    if (written === undefined || written === textOf(one, before)) continue;
    if (one.kind === "bool" || one.kind === "choice") {
      values[one.name] = written;
      continue;
    }
    const typed = readDeclared(String(written), Number(before), one);
    if (typed.value === null) problems[one.name] = typed.problem;
    else if (typed.value !== before) values[one.name] = typed.value;
  }
  return { values, problems };
}

/** The bounds of the server for every run, whatever its task. */
const STEPS_MAX = 1_000_000_000;
const SEED_MAX = 2 ** 53;

export interface Plan {
  steps: number;
  seed: number;
}

/** How long a run is to be, and from which seed; `from` is what an empty form would show. */
export function readPlan(written: Record<keyof Plan, string>, from: Plan): { plan: Plan; problems: Record<string, string> } {
  const read = {
    steps: typedWhole(written.steps, 1, STEPS_MAX, from.steps),
    seed: typedWhole(written.seed, 0, SEED_MAX, from.seed),
  };
  const wrong = Object.entries(read).flatMap(([name, typed]) => (typed.problem === null ? [] : [[name, typed.problem]]));
  const plan = { steps: read.steps.value ?? from.steps, seed: read.seed.value ?? from.seed };
  return { plan, problems: Object.fromEntries(wrong) as Record<string, string> };
}

/**
 * What a fork asks for. Its form shows the base of the learning rate, so under a schedule it is set as
 * the base: written as the learning rate, it would be the rate at this very step.
 */
export function forkValues(read: Values, from: Values): Values {
  const { learning_rate: base, ...rest } = read;
  if (base === undefined || (from["schedule"] ?? "constant") === "constant") return read;
  return { ...rest, base_learning_rate: base };
}

/** The server names a field by its path: "values.learning_rate" is the field learning_rate. */
export const fieldName = (path: string): string =>
  path.replace(/^(body\.)?values\./, "").replace(/^body\./, "").replace(/^base_learning_rate$/, "learning_rate");

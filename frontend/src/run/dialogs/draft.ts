/** From declarations to a draft of texts, and back to values with what is wrong. Pure. */
import { INT_MAX, STEPS_MAX } from "../../api/limits";
import type { Hyperparameter, Value, Values } from "../../api/types";
import { readDeclared } from "../../domain/hyperparameters/hyperparameters";
import { valueText } from "../../format/hyperparameters";
import { parseWhole } from "../../format/parseNumber";
import type { Draft } from "./HyperparameterFields";

const textOf = (hyperparameter: Hyperparameter, value: Value): string | boolean =>
  typeof value === "boolean"
    ? value
    : hyperparameter.kind === "choice"
      ? String(value)
      : valueText(hyperparameter.name, value).replace(/,/g, "");

export function draftOf(declared: Hyperparameter[], values: Values): Draft {
  return Object.fromEntries(
    declared.map((hyperparameter) => [
      hyperparameter.name,
      textOf(hyperparameter, values[hyperparameter.name] ?? hyperparameter.default),
    ]),
  );
}

export interface ParsedDraft {
  values: Values;
  problems: Record<string, string>;
}

/** Only what differs from `from`: the rest is the server's to fill in. */
export function readDraft(declared: Hyperparameter[], draft: Draft, from: Values): ParsedDraft {
  const values: Values = {};
  const problems: Record<string, string> = {};
  for (const hyperparameter of declared) {
    const written = draft[hyperparameter.name];
    const before = from[hyperparameter.name] ?? hyperparameter.default;
    if (written === undefined || written === textOf(hyperparameter, before)) continue;
    if (hyperparameter.kind === "bool" || hyperparameter.kind === "choice") {
      values[hyperparameter.name] = written;
      continue;
    }
    const typed = readDeclared(String(written), Number(before), hyperparameter);
    if (typed.value === null) problems[hyperparameter.name] = typed.problem;
    else if (typed.value !== before) values[hyperparameter.name] = typed.value;
  }
  return { values, problems };
}

export interface Plan {
  steps: number;
  seed: number;
}

/** How long a run is to be, and from which seed; `from` is what an empty form would show. */
export function readPlan(
  written: Record<keyof Plan, string>,
  from: Plan,
): { plan: Plan; problems: Record<string, string> } {
  const read = {
    steps: parseWhole(written.steps, 1, STEPS_MAX, from.steps),
    seed: parseWhole(written.seed, 0, INT_MAX, from.seed),
  };
  const wrong = Object.entries(read).flatMap(([name, typed]) =>
    typed.problem === null ? [] : [[name, typed.problem]],
  );
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

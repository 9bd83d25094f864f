/** How a search goes about it, as it is written, and what of it can be sent. Pure. */
import { INT_MAX, PARALLEL_MAX, ROUNDS_MAX, STEPS_MAX, TRIALS_MAX, WIDEN_MAX } from "../../api/limits";
import type { NewSearch, Refinement, SearchRow, StopEarly, Strategy } from "../../api/searches";
import { notANumberText, parseNumber, parseWhole } from "../../format/parseNumber";

export interface Method {
  strategy: Strategy;
  trials: string;
  steps: string;
  /** Empty: as many as the server thinks right. */
  parallel: string;
  seed: string;
  stopEarly: StopEarly | "";
  keep: string;
  widen: string;
  rounds: string;
  name: string;
  note: string;
}

/** steps: null leaves the end to the script. */
export const firstMethod = (steps: number | null): Method => ({
  strategy: "random",
  trials: "24",
  steps: steps === null ? "" : String(steps),
  parallel: "",
  seed: "0",
  stopEarly: "",
  keep: "2",
  widen: "1.5",
  rounds: "3",
  name: "",
  note: "",
});

export const methodLike = (search: SearchRow): Method => ({
  ...firstMethod(search.script?.limited === false ? null : search.steps),
  strategy: search.strategy,
  trials: String(search.trials_wanted),
  parallel: String(search.parallel),
  seed: String(search.seed),
  stopEarly: search.stop_early ?? "",
  keep: String(search.keep),
  widen: String(search.widen),
});

export interface ReadMethod {
  request: Omit<NewSearch, "task" | "space">;
  problems: Record<string, string>;
}

type Numbers = Record<string, number>;

function readNumbers(
  fields: Record<string, string>,
  limits: Record<string, [number, number, number]>,
): { request: Numbers; problems: Record<string, string> } {
  const read: { request: Numbers; problems: Record<string, string> } = { request: {}, problems: {} };
  for (const [name, [low, high, example]] of Object.entries(limits)) {
    const typed =
      name === "widen" ? typedFactor(fields[name] ?? "") : parseWhole(fields[name] ?? "", low, high, example);
    if (typed.problem === null) read.request[name] = typed.value;
    else read.problems[name] = typed.problem;
  }
  return read;
}

function typedFactor(text: string): ReturnType<typeof parseWhole> {
  const value = parseNumber(text, NaN);
  if (Number.isNaN(value))
    return { value: null, problem: notANumberText(text, "Enter a number such as 1.5.") };
  if (value < 1 || value > WIDEN_MAX)
    return { value: null, problem: `Enter a number from 1 to ${WIDEN_MAX}.` };
  return { value, problem: null };
}

/** ofScript: it ends by itself, so that no number of steps is needed. */
export function readMethod(method: Method, ofScript = false): ReadMethod {
  const limits: Record<string, [number, number, number]> = {
    trials: [1, TRIALS_MAX, 24],
    seed: [0, INT_MAX, 0],
  };
  if (!ofScript || method.steps.trim()) limits["steps"] = [1, STEPS_MAX, 300];
  if (method.parallel.trim()) limits["parallel"] = [1, PARALLEL_MAX, 2];
  if (method.strategy === "coarse_to_fine") {
    limits["keep"] = [1, TRIALS_MAX, 3];
    limits["rounds"] = [1, ROUNDS_MAX, 3];
    limits["widen"] = [1, WIDEN_MAX, 1.5];
  }
  const { request, problems } = readNumbers({ ...method }, limits);
  return {
    problems,
    request: {
      ...(request as { trials: number }),
      strategy: method.strategy,
      ...(method.stopEarly ? { stop_early: method.stopEarly } : {}),
      ...(method.name.trim() ? { name: method.name.trim() } : {}),
      ...(method.note.trim() ? { note: method.note.trim() } : {}),
    },
  };
}

/** A field that is left out of `fields` stays as the search has it. */
export function readRefinement(fields: Record<"keep" | "widen" | "trials", string> & { steps?: string }): {
  request: Refinement;
  problems: Record<string, string>;
} {
  return readNumbers(fields, {
    keep: [1, TRIALS_MAX, 3],
    widen: [1, WIDEN_MAX, 1.5],
    trials: [1, TRIALS_MAX, 24],
    ...(fields.steps === undefined ? {} : { steps: [1, STEPS_MAX, 300] as [number, number, number] }),
  });
}

/** What can be started: the tasks, and the scripts that were registered, as far as they have said what they declare. */
import type { Hyperparameter, RegisteredScript, Run, Task, Trainable } from "../api/types";

/** What every task has, and a script without a run does not have yet. */
const UNKNOWN = { summary: "", error: null, has_picture: false, defaults: {}, hyperparameters: [] };
const OBJECTIVE = { objective: "val/cost", mode: "min" as const, series: [] };

export function asTrainable(script: RegisteredScript): Trainable {
  const name = script.path.split("/").at(-1) ?? script.path;
  const unknown: Task = { name, title: [name, ...script.argv].join(" "), ...UNKNOWN, ...OBJECTIVE };
  return { ...((script.described as Task | null) ?? unknown), script: script.id };
}

/** Tells two of them apart: scripts may have the same name, and differ in their arguments. */
export const keyOf = (trainable: Trainable): string => trainable.script ?? trainable.name;

/** What a request names. */
export const startOf = ({ name, script }: Trainable): { task: string } | { script: string } =>
  script === undefined ? { task: name } : { script };

/** What people call an argument that the script gives to an option of its optimizer. */
const ARGUMENTS: Record<string, string[]> = {
  learning_rate: ["lr", "lr0", "base_lr", "init_lr", "max_lr", "learning-rate"],
  weight_decay: ["wd", "weight-decay"],
  beta1: ["b1", "beta_1"],
  beta2: ["b2", "beta_2"],
  epsilon: ["eps", "adam_epsilon"],
};

/**
 * What a new run of a script is asked for: of an option of its optimizer and the argument that it comes from,
 * the argument; set for the whole run, the option would hold against the script's own schedule.
 * given: values that were asked for before: they stay.
 */
export function asked(declared: Hyperparameter[], given: Record<string, unknown> = {}): Hyperparameter[] {
  const own = declared.filter(({ relative }) => !relative).map(({ name }) => name.toLowerCase());
  const comesFromArgument = ({ name }: Hyperparameter): boolean =>
    (ARGUMENTS[name] ?? []).some((argument) => own.includes(argument));
  return declared.filter((item) => !item.relative || item.name in given || !comesFromArgument(item));
}

/** The script of a run as that very run has declared it: to go on from one of its checkpoints. */
export function ofRun(run: Run): Trainable {
  const { objective, mode, declared, steps, task: name } = run;
  const said = { objective, mode, hyperparameters: declared?.hyperparameters ?? [], default_steps: steps };
  return { ...UNKNOWN, ...OBJECTIVE, ...said, name, title: name, series: [objective], script: "" };
}

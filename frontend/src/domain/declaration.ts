/** What can be set of a run: what its task declares, or what its script declared itself. */
import type { Hyperparameter, Run, Task } from "../api/types";

/** The parts of a run that say so. */
export type DeclaringRun = Pick<Run, "task" | "script" | "declared">;

const NOTHING: Hyperparameter[] = [];

/** In the order of the tiers. The same list as long as nothing else is declared. */
export function declaredOf(run: DeclaringRun | undefined, tasks: Task[]): Hyperparameter[] {
  if (!run) return NOTHING;
  if (run.script) return run.declared?.hyperparameters ?? NOTHING;
  return tasks.find((task) => task.name === run.task)?.hyperparameters ?? NOTHING;
}

/** A script has to say how it is evaluated; a task always does. */
export const canEvaluate = (run: DeclaringRun): boolean =>
  run.script ? run.declared?.can_evaluate === true : true;

/** Null while a script has not said how long it trains. */
export const stepsOf = (run: DeclaringRun & Pick<Run, "steps">): number | null =>
  run.script && typeof run.declared?.steps !== "number" ? null : run.steps;

/** With several parameter groups, the learning rate without a group multiplies all of them. */
export const isFactorOnGroups = (name: string, declared: Hyperparameter[]): boolean =>
  /(^|\.)learning_rate$/.test(name) && declared.some((other) => other.name.startsWith(`${name}.`));

/** What multiplies the learning rate of one parameter group as that of all of them; 1: nothing. */
export function factorOnGroup(name: string, declared: Hyperparameter[], values: Run["values"]): number {
  const factor = declared.find(
    (other) => isFactorOnGroups(other.name, declared) && name.startsWith(`${other.name}.`),
  );
  return factor ? Number(values[factor.name] ?? 1) : 1;
}

/** What "the learning rate" means: one that moves all groups, of each optimizer. */
export function mainRates(declared: Hyperparameter[]): Hyperparameter[] {
  const own = declared.filter(({ name }) => name === "learning_rate");
  return own.length > 0 ? own : declared.filter(({ name }) => name.endsWith(".learning_rate"));
}

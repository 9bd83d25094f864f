/** A run is steered by what its task declares, or by what its script said itself. */
import { expect, test } from "vitest";
import type { Hyperparameter, Run, Task } from "../api/types";
import type { DeclaringRun } from "./declaration";
import { canEvaluate, declaredOf, factorOnGroup, isFactorOnGroups, mainRates, stepsOf } from "./declaration";

const named = (...names: string[]): Hyperparameter[] => names.map((name) => ({ name }) as Hyperparameter);
const script = { path: "train.py", argv: [], cwd: "/", python: "python", sha256: "" };
const scriptRun = (
  declared: Partial<NonNullable<Run["declared"]>> | null,
): DeclaringRun & { steps: number } =>
  ({ task: "train.py", script, declared, steps: 1 }) as unknown as DeclaringRun & { steps: number };

test("a script's run goes by its own declaration, even beside a task of that name", () => {
  const tasks = [{ name: "train.py", hyperparameters: named("batch_size") }] as unknown as Task[];
  const own = named("learning_rate.0");
  expect(declaredOf(scriptRun({ hyperparameters: own }), tasks)).toBe(own);
  expect(declaredOf(scriptRun(null), tasks)).toEqual([]);
  expect(declaredOf({ task: "train.py" } as DeclaringRun, tasks)).toBe(tasks[0]?.hyperparameters);
});

test("the list is the same one as long as nothing else is declared", () => {
  expect(declaredOf(scriptRun(null), [])).toBe(declaredOf(undefined, []));
});

test("a script is evaluated only if it says how, and has no number of steps before it says one", () => {
  expect(canEvaluate({ task: "digits" } as DeclaringRun)).toBe(true);
  expect(
    [null, { can_evaluate: false }, { can_evaluate: true }].map((said) => canEvaluate(scriptRun(said))),
  ).toEqual([false, false, true]);
  expect([null, { steps: null }, { steps: 90 }].map((said) => stepsOf(scriptRun(said)))).toEqual([
    null,
    null,
    1,
  ]);
});

test("the learning rate without a group is a factor where there are groups", () => {
  const declared = named("learning_rate", "learning_rate.0", "learning_rate.1", "momentum", "momentum.0");
  expect(declared.filter(({ name }) => isFactorOnGroups(name, declared)).map(({ name }) => name)).toEqual([
    "learning_rate",
  ]);
  expect(isFactorOnGroups("learning_rate", named("learning_rate"))).toBe(false);
  expect(factorOnGroup("learning_rate.1", declared, { learning_rate: 0.5 })).toBe(0.5);
  expect(factorOnGroup("momentum.0", declared, { learning_rate: 0.5, momentum: 0.9 })).toBe(1);
});

test("with several optimizers, the learning rate is that of each", () => {
  const declared = named("a.learning_rate", "a.learning_rate.0", "b.learning_rate", "b.momentum");
  expect(mainRates(declared).map(({ name }) => name)).toEqual(["a.learning_rate", "b.learning_rate"]);
  expect(mainRates(named("learning_rate", "learning_rate.0")).map(({ name }) => name)).toEqual([
    "learning_rate",
  ]);
});

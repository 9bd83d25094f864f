/** What a new search begins with: the usual space of a task, one around a run, or that of an earlier search. */
import { useEffect, useState } from "react";
import { getCheckpoints, getRun, getRuns } from "../../api/client";
import type { Objective } from "../../api/objective";
import { getSearch } from "../../api/searches";
import type { Task, Trainable, Values } from "../../api/types";
import { keyOf, ofRun } from "../../domain/trainable";
import { readId } from "../../state/route";
import { getPage } from "../../state/store";
import type { Method } from "./method";
import { firstMethod, methodLike } from "./method";
import { ownValues, rowsOfScript } from "./space/scriptSpace";
import type { Row } from "./space/space";
import { rowsAround, rowsFrom, rowsOf } from "./space/space";

export interface InitialSearch {
  task: Trainable;
  rows: Row[];
  method: Method;
  objective: Objective;
  /** Said above the editor: where the values come from. */
  words: string | null;
  /** A litter: every trial begins with these weights. */
  checkpoint: number | null;
  /** The values of trials whose space does not name them. */
  own: Values;
}

/** What is offered where nothing was trained yet: the quickest there is. */
const DEMO = "spirals";
/** A first search should show something within a minute: not all the steps a whole run has. */
const FIRST_STEPS_MAX = 300;

export function initialSearchOf(task: Trainable): InitialSearch {
  const steps = Math.min(FIRST_STEPS_MAX, task.default_steps ?? FIRST_STEPS_MAX);
  const isScript = task.script !== undefined;
  return {
    task,
    rows: isScript ? rowsOfScript(task.hyperparameters) : rowsOf(task.hyperparameters, task.defaults),
    method: firstMethod(isScript ? null : steps),
    objective: objectiveOf(task),
    words: null,
    checkpoint: null,
    own: isScript ? ownValues(task.hyperparameters) : {},
  };
}

const objectiveOf = ({ objective, mode }: Objective): Objective => ({ objective, mode });

/** `search` is the part of the address behind the question mark. Null: still loading. */
export function useInitialSearch(
  search: string,
  tasks: readonly Trainable[],
): { start: InitialSearch | null; problem: string | null } {
  const [start, setStart] = useState<InitialSearch | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const ready = tasks.length > 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list of tasks is loaded once; `ready` says when
  useEffect(() => {
    let cancelled = false;
    if (!ready) return undefined;
    load(new URLSearchParams(search), tasks)
      .then((initial) => {
        if (!cancelled) setStart(initial);
      })
      .catch((error: unknown) => {
        if (!cancelled) setProblem(error instanceof Error ? error.message : String(error));
      });
    return () => {
      cancelled = true;
    };
  }, [search, ready]);
  return { start, problem };
}

const usable = (task: Trainable): boolean => !task.error && task.hyperparameters.length > 0;

async function load(fields: URLSearchParams, tasks: readonly Trainable[]): Promise<InitialSearch> {
  const [from, like] = [readId(fields, "from"), readId(fields, "like")];
  const named = (name: string): Trainable => {
    const task = tasks.find((task) => keyOf(task) === name && usable(task));
    if (!task) throw new Error(`The task or script ${name} no longer exists or has an error.`);
    return task;
  };
  if (from !== null) return around(from, readId(fields, "checkpoint"), named);
  if (like !== null) {
    const search = await getSearch(like);
    const { script, from_checkpoint: checkpoint } = search;
    const task =
      script && checkpoint !== null
        ? { ...(script.described as Task), script: "" }
        : named(script?.id ?? search.task);
    const start = {
      ...initialSearchOf(task),
      rows: rowsFrom(search.space, task.hyperparameters),
      method: methodLike(search),
      objective: objectiveOf(search),
    };
    const from =
      search.from_checkpoint === null ? "" : ` All trials start from checkpoint ${search.from_checkpoint}.`;
    return {
      ...start,
      checkpoint: search.from_checkpoint,
      words: `Like search ${search.id}, “${search.name}”.${from}`,
    };
  }
  const open = getPage().open?.run;
  const shown = open?.script?.id ?? open?.task ?? (await getRuns({ limit: 1 })).runs[0]?.task ?? DEMO;
  const task = tasks.find((task) => keyOf(task) === shown && usable(task)) ?? tasks.find(usable);
  if (!task) throw new Error("There is no task to train.");
  return initialSearchOf(task);
}

async function around(
  runId: number,
  checkpointId: number | null,
  named: (name: string) => Trainable,
): Promise<InitialSearch> {
  const run = await getRun(runId);
  const task = run.script && checkpointId !== null ? ofRun(run) : named(run.script?.id ?? run.task);
  const start = { ...initialSearchOf(task), objective: objectiveOf(run) };
  const rows = run.script
    ? rowsOfScript(task.hyperparameters, run.values)
    : rowsAround(task.hyperparameters, run);
  if (checkpointId === null) {
    const seed = run.script ? start.method.seed : String(run.seed); // a script seeds itself
    const method = { ...start.method, seed, name: `around ${run.name}`.slice(0, 80) };
    return { ...start, rows, method, words: `Around the values of run ${run.id}, “${run.name}”.` };
  }
  const step =
    (await getCheckpoints(runId)).find((checkpoint) => checkpoint.id === checkpointId)?.step ?? run.step;
  const method = {
    ...start.method,
    steps: run.script ? String(Math.max(run.steps, step + 1)) : String(step + Number(start.method.steps)),
    name: `search from ${run.name}`.slice(0, 80),
  };
  const words = `All trials start from run ${run.id}, “${run.name}”, step ${step.toLocaleString("en-US")}.`;
  return { ...start, rows, method, words, checkpoint: checkpointId, own: run.values };
}

/** What a new search begins with: the usual space of a task, one around a run, or that of an earlier search. */
import { useEffect, useState } from "react";
import { getCheckpoints, getRun, getRuns } from "../../api/client";
import type { Objective } from "../../api/objective";
import { getSearch } from "../../api/searches";
import type { Task, Values } from "../../api/types";
import { readId } from "../../state/route";
import { getPage } from "../../state/store";
import type { Method } from "./method";
import { firstMethod, methodLike } from "./method";
import type { Row } from "./space/space";
import { rowsAround, rowsFrom, rowsOf } from "./space/space";

export interface InitialSearch {
  task: Task;
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

export function initialSearchOf(task: Task): InitialSearch {
  const method = firstMethod(Math.min(FIRST_STEPS_MAX, task.default_steps ?? FIRST_STEPS_MAX));
  return {
    task,
    rows: rowsOf(task.hyperparameters, task.defaults),
    method,
    objective: objectiveOf(task),
    words: null,
    checkpoint: null,
    own: {},
  };
}

const objectiveOf = ({ objective, mode }: Objective): Objective => ({ objective, mode });

/** `search` is the part of the address behind the question mark. Null: still loading. */
export function useInitialSearch(
  search: string,
  tasks: readonly Task[],
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

const usable = (task: Task): boolean => !task.error && task.hyperparameters.length > 0;

async function load(fields: URLSearchParams, tasks: readonly Task[]): Promise<InitialSearch> {
  const [from, like] = [readId(fields, "from"), readId(fields, "like")];
  const named = (name: string): Task => {
    const task = tasks.find((task) => task.name === name && usable(task));
    if (!task) throw new Error(`The task ${name} no longer exists or has an error.`);
    return task;
  };
  if (from !== null) return around(from, readId(fields, "checkpoint"), named);
  if (like !== null) {
    const search = await getSearch(like);
    const task = named(search.task);
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
  const shown = getPage().open?.run.task ?? (await getRuns({ limit: 1 })).runs[0]?.task ?? DEMO;
  const task = tasks.find((task) => task.name === shown && usable(task)) ?? tasks.find(usable);
  if (!task) throw new Error("There is no task to train.");
  return initialSearchOf(task);
}

async function around(
  runId: number,
  checkpointId: number | null,
  named: (name: string) => Task,
): Promise<InitialSearch> {
  const run = await getRun(runId);
  const task = named(run.task);
  const start = { ...initialSearchOf(task), objective: objectiveOf(run) };
  const rows = rowsAround(task.hyperparameters, run);
  if (checkpointId === null) {
    const method = { ...start.method, seed: String(run.seed), name: `around ${run.name}`.slice(0, 80) };
    return { ...start, rows, method, words: `Around the values of run ${run.id}, “${run.name}”.` };
  }
  const step =
    (await getCheckpoints(runId)).find((checkpoint) => checkpoint.id === checkpointId)?.step ?? run.step;
  const method = {
    ...start.method,
    steps: String(step + Number(start.method.steps)),
    name: `search from ${run.name}`.slice(0, 80),
  };
  const words = `All trials start from run ${run.id}, “${run.name}”, step ${step.toLocaleString("en-US")}.`;
  return { ...start, rows, method, words, checkpoint: checkpointId, own: run.values };
}

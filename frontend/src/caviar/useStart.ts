/** What a new search begins with: the usual space of a task, one around a run, or that of an earlier search. */
import { useEffect, useState } from "react";
import { getCheckpoints, getRun, getRuns } from "../api/client";
import { getSearch } from "../api/searches";
import type { Task, Values } from "../api/types";
import { idIn } from "../state/address";
import { getPage } from "../state/store";
import type { Method } from "./method";
import { firstMethod, methodLike } from "./method";
import type { Row } from "./space";
import { rowsAround, rowsFrom, rowsOf } from "./space";

export interface Start {
  task: Task;
  rows: Row[];
  method: Method;
  /** Said above the editor: where the values come from. */
  words: string | null;
  /** A litter: every trial begins with these weights. */
  checkpoint: number | null;
  /** What trials have without being told. */
  own: Values;
}

/** What is offered where nothing was trained yet: the quickest there is. */
const DEMO = "spirals";
/** A first search should show something within a minute: not all the steps a whole run has. */
const FIRST_STEPS_MAX = 300;

export function startOf(task: Task): Start {
  const method = firstMethod(Math.min(FIRST_STEPS_MAX, task.default_steps ?? FIRST_STEPS_MAX));
  return { task, rows: rowsOf(task.hyperparameters, task.defaults), method, words: null, checkpoint: null, own: {} };
}

/** `search` is the part of the address behind the question mark. Null: still loading. */
export function useStart(search: string, tasks: readonly Task[]): { start: Start | null; problem: string | null } {
  const [start, setStart] = useState<Start | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const ready = tasks.length > 0;
  useEffect(() => {
    let left = false;
    if (!ready) return undefined;
    load(new URLSearchParams(search), tasks)
      .then((found) => {
        if (!left) setStart(found);
      })
      .catch((error: unknown) => {
        if (!left) setProblem(error instanceof Error ? error.message : String(error));
      });
    return () => {
      left = true;
    };
  }, [search, ready]);
  return { start, problem };
}

const usable = (task: Task): boolean => !task.error && task.hyperparameters.length > 0;

async function load(fields: URLSearchParams, tasks: readonly Task[]): Promise<Start> {
  const [from, like] = [idIn(fields, "from"), idIn(fields, "like")];
  const named = (name: string): Task => {
    const task = tasks.find((one) => one.name === name && usable(one));
    if (!task) throw new Error(`The task ${name} cannot be read any more.`);
    return task;
  };
  if (from !== null) return around(from, idIn(fields, "checkpoint"), named);
  if (like !== null) {
    const search = await getSearch(like);
    const task = named(search.task);
    const start = { ...startOf(task), rows: rowsFrom(search.space, task.hyperparameters), method: methodLike(search) };
    const litter = search.from_checkpoint === null ? "" : ` Every trial begins with checkpoint ${search.from_checkpoint}.`;
    return { ...start, checkpoint: search.from_checkpoint, words: `Like search ${search.id}, “${search.name}”.${litter}` };
  }
  const shown = getPage().open?.run.task ?? (await getRuns({ limit: 1 })).runs[0]?.task ?? DEMO;
  const task = tasks.find((one) => one.name === shown && usable(one)) ?? tasks.find(usable);
  if (!task) throw new Error("There is no task that could be trained.");
  return startOf(task);
}

async function around(runId: number, checkpointId: number | null, named: (name: string) => Task): Promise<Start> {
  const run = await getRun(runId);
  const task = named(run.task);
  const start = startOf(task);
  const rows = rowsAround(task.hyperparameters, run);
  if (checkpointId === null) {
    const method = { ...start.method, seed: String(run.seed), name: `around ${run.name}`.slice(0, 80) };
    return { ...start, rows, method, words: `Around the values of run ${run.id}, “${run.name}”.` };
  }
  const step = (await getCheckpoints(runId)).find((one) => one.id === checkpointId)?.step ?? run.step;
  const method = { ...start.method, steps: String(step + Number(start.method.steps)), name: `litter of ${run.name}`.slice(0, 80) };
  const words = `A litter of run ${run.id}, “${run.name}”: every trial begins with its weights of step ${step.toLocaleString("en-US")}.`;
  return { ...start, rows, method, words, checkpoint: checkpointId, own: run.values };
}

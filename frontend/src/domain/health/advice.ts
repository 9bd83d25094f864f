/** What the curves of a run that goes on suggest, and the one thing to do about it. Pure. */
import { fromWireNumber } from "../../api/number";
import type { Run, RunEvent } from "../../api/types";
import { lastStepBefore } from "../../format/changeTime";
import { measured, whole } from "../../format/numbers";
import { lastChange } from "../changes/undo";
import { costNames } from "../chartGroups";
import type { Series } from "../series";
import { firstIndexFrom, lastStep } from "../series";

export interface Advice {
  kind: "overfitting" | "bouncing" | "crawling";
  title: string;
  text: string;
  /** What a press would do: go back to the best checkpoint, or multiply the learning rate. */
  action: "rewind_to_best" | { times: number; word: string };
}

/** So many evaluations without a better one. */
const EVALUATIONS = 10;
/** Above the best by this part, the last evaluations are worse and not only noisy. */
const WORSE = 1.05;
/** The last evaluations that all have to be worse. */
const WORSE_EVALUATIONS = 3;
/** From one evaluation to the next, by this part of their median. */
const JUMP = 0.15;
/** Below this part of the planned steps, a cost that jumps may still fall fast. */
const BOUNCE_FROM = 0.2;
/** Updates below this part of the weights: none of 116 healthy trainings had them at its step 100. */
const CRAWL = 0.0003;
const CRAWL_FROM_STEPS = 100;
const CRAWL_TO_STEPS = 1000;
/** A schedule makes the last steps small on purpose. */
const SCHEDULED_MIN = 0.5;
/** Means of the training cost, steps. */
const WINDOW_STEPS = 100;

export interface AdvisedRun {
  run: Run;
  events: RunEvent[];
  curves: { raw: Record<string, Series> };
}

/** Null: nothing stands out, or it is too early to tell. After a change all is read anew. */
export function adviceOf({ run, events, curves: { raw } }: AdvisedRun): Advice | null {
  const going = run.status === "running" || (run.status === "paused" && run.reason === "user");
  if (!going || run.search || !run.allowed.includes("set")) return null;
  const change = lastChange(events);
  const since = change ? lastStepBefore(change) : (run.parent?.step ?? 0);
  const valName = costNames(Object.keys(raw), run.declared)[1];
  const [train, val] = [raw["train/cost"], valName ? raw[valName] : undefined];
  const best = val ? bestOf(val, run.objective === valName ? run.best : null) : null;
  return (
    (train &&
      val &&
      best &&
      (overfitting(train, val, best, since) ?? bouncing(train, val, best, since, run))) ||
    crawling(train, raw["step_size"], since, run)
  );
}

function overfitting(train: Series, val: Series, best: Best, since: number): Advice | null {
  if (evaluationsAfter(val, Math.max(best.step, since)) < EVALUATIONS) return null;
  const last = val.value.slice(-WORSE_EVALUATIONS);
  if (!last.every((value) => value > best.value * WORSE)) return null;
  const [then, now] = [meanAt(train, best.step), meanAt(train, lastStep(train))];
  if (then === null || now === null || now >= then) return null;
  const end = last.at(-1) as number;
  const rise = Math.round((end / best.value - 1) * 100);
  return {
    kind: "overfitting",
    title: "Overfitting?",
    text: `Val was lowest at step ${whole(best.step)} (${measured(best.value)}). Since then it rose by ${whole(rise)} % while train fell.`,
    action: "rewind_to_best",
  };
}

function bouncing(train: Series, val: Series, best: Best, since: number, run: Run): Advice | null {
  if (run.step < run.steps * BOUNCE_FROM) return null;
  const from = Math.max(best.step, since);
  const evaluations = evaluationsAfter(val, from);
  if (evaluations < EVALUATIONS) return null;
  const jump = jumpOf(val.value.slice(firstIndexFrom(val.step, from + 1)));
  const [then, now] = [meanAt(train, from + WINDOW_STEPS), meanAt(train, lastStep(train))];
  if (!(jump >= JUMP) || then === null || now === null || now < then) return null;
  return {
    kind: "bouncing",
    title: "Bouncing?",
    text: `Val has not improved for ${whole(evaluations)} evaluations and jumps by ${whole(Math.round(jump * 100))} %; train does not fall either. The steps may be too large by now.`,
    action: { times: 1 / 3, word: "Learning rate ÷3" },
  };
}

/** The mean difference of neighbours, as a part of the median; NaN where a value is none. */
function jumpOf(values: number[]): number {
  const differences = values.slice(1).map((value, i) => Math.abs(value - (values[i] as number)));
  const median = values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
  return differences.reduce((sum, one) => sum + one, 0) / differences.length / median;
}

function crawling(
  train: Series | undefined,
  sizes: Series | undefined,
  since: number,
  run: Run,
): Advice | null {
  const steps = run.step - since;
  if (!train || !sizes || steps < CRAWL_FROM_STEPS || steps > CRAWL_TO_STEPS) return null;
  if ((run.effective?.schedule_factor ?? 1) < SCHEDULED_MIN) return null;
  const size = meanAt(sizes, lastStep(sizes), since);
  const [start, now] = [train.value[0], meanAt(train, lastStep(train))];
  // Where most of the cost is gone, gradients are small and so are steps.
  if (size === null || size >= CRAWL || start === undefined || now === null || now < start / 2) return null;
  return {
    kind: "crawling",
    title: "Crawling?",
    text: `Each step moves the weights by only ${measured(size * 100)} %. A larger learning rate may train faster.`,
    action: { times: 3, word: "Learning rate ×3" },
  };
}

interface Best {
  step: number;
  value: number;
}

/** The lowest value above 0; where the server says it, with its exact step: points of the curve may be merged. */
function bestOf(series: Series, known: Run["best"]): Best | null {
  const value = fromWireNumber(known?.value);
  if (known && value > 0) return { step: known.step, value };
  const values = series.min.map((least) => (least > 0 ? least : Infinity));
  const at = values.indexOf(values.reduce((a, b) => Math.min(a, b), Infinity));
  return values[at] === Infinity ? null : { step: series.step[at] ?? 0, value: values[at] ?? 0 };
}

/** How many values were measured after a step. */
function evaluationsAfter(series: Series, step: number): number {
  return series.count.slice(firstIndexFrom(series.step, step + 1)).reduce((sum, count) => sum + count, 0);
}

/** The mean over the steps up to one, and after another; null: nothing finite lies there. */
function meanAt(series: Series, to: number, after = -Infinity): number | null {
  const start = firstIndexFrom(series.step, Math.max(to - WINDOW_STEPS, after) + 1);
  let [sum, weight] = [0, 0];
  for (let i = start; i < series.step.length && (series.step[i] as number) <= to; i++) {
    const [value, count] = [series.value[i] as number, series.count[i] as number];
    if (Number.isFinite(value)) {
      sum += value * count;
      weight += count;
    }
  }
  return weight > 0 ? sum / weight : null;
}

/** What tells several runs apart, and which of them was sooner at a value. Pure. */
import type { Run, Value } from "../api/types";
import type { Series } from "../domain/series";
import { nameOf, valueText } from "../format/hyperparameters";
import { measured, whole } from "../format/numbers";
import { COMPARED_MAX } from "../state/route";

export interface ComparedRun {
  run: Run;
  raw: Record<string, Series>;
}

/** The ids in an address such as "?runs=3,5"; the first ones of too many, none twice. */
export function readRunIds(search: string): number[] {
  const ids = (new URLSearchParams(search).get("runs") ?? "").split(",").map(Number);
  return [...new Set(ids.filter((id) => Number.isInteger(id) && id > 0))].slice(0, COMPARED_MAX);
}

export interface Difference {
  name: string;
  /** One for each run, in their order. */
  texts: string[];
}

/** Only what differs between the runs. A value that was changed on the way is "0.05 → 0.02". */
export function differences(runs: Run[]): Difference[] {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.values)))];
  const rows: Difference[] = [
    { name: "Task", texts: runs.map((run) => run.task) },
    { name: "Seed", texts: runs.map((run) => String(run.seed)) },
    {
      name: "Forked from",
      texts: runs.map(({ parent }) => (parent ? `run ${parent.run_id}, step ${whole(parent.step)}` : "–")),
    },
    ...names.map((name) => ({
      name: nameOf(name),
      texts: runs.map((run) => changedText(name, run.initial_values[name], run.values[name])),
    })),
  ];
  return rows.filter(({ texts }) => texts.some((text) => text !== texts[0]));
}

function changedText(name: string, first: Value | undefined, now: Value | undefined): string {
  const text = valueText(name, now);
  const before = valueText(name, first ?? now);
  return before === text ? text : `${before} → ${text}`;
}

/** The runs' common past ends at the first fork among them; null: they have none in common. */
export function firstFork(runs: Run[]): number | null {
  if (runs.some((run) => run.family_id !== runs[0]?.family_id)) return null;
  const steps = runs.flatMap((run) => (run.parent?.step ? [run.parent.step] : []));
  return steps.length > 0 ? Math.min(...steps) : null;
}

/** Curves come with five digits, the best of a run with all of them. */
const ROUNDED = 1e-4;

/** The first step, after `from`, with a value at least as good as the target; null: never. */
export function stepTo(
  series: Series | undefined,
  target: number,
  mode: Run["mode"],
  from: number,
): number | null {
  const slack = Math.abs(target) * ROUNDED;
  const isThere = (value: number): boolean =>
    mode === "max" ? value >= target - slack : value <= target + slack;
  const at = series?.value.findIndex((value, i) => (series.step[i] as number) > from && isThere(value));
  return at === undefined || at < 0 ? null : (series?.step[at] ?? null);
}

/** "“b” reaches val ≤ 0.15 at step 640, “a” at step 900, “c” never." */
export function verdict(
  names: string[],
  steps: (number | null)[],
  word: string,
  target: number,
  mode: Run["mode"],
): string {
  const order = names
    .map((name, i) => ({ name, step: steps[i] ?? null }))
    .sort((a, b) => (a.step ?? Infinity) - (b.step ?? Infinity));
  const goal = `${word} ${mode === "max" ? "≥" : "≤"} ${measured(target)}`;
  if (order[0]?.step === null || order[0] === undefined) return `None of these runs reaches ${goal}.`;
  const texts = order.map(({ name, step }, i) => {
    const when = step === null ? "never" : `at step ${whole(step)}`;
    return i === 0 ? `“${name}” reaches ${goal} ${when}` : `“${name}” ${when}`;
  });
  return `${texts.join(", ")}.`;
}

/** The value that every run reaches: the worst of their best ones. Null: some have none yet. */
export function commonTarget(runs: Run[]): number | null {
  const values = runs.map((run) => Number(run.best?.value ?? NaN));
  if (values.length === 0 || !values.every(Number.isFinite)) return null;
  return runs[0]?.mode === "max" ? Math.min(...values) : Math.max(...values);
}

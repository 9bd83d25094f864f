/** What the trials of a search amount to: the best, those excluded, and words for both. Pure. */
import type { Objective } from "../api/objective";
import type { Outcome, Search, SearchRow, SearchStatus, Strategy, Trial } from "../api/searches";
import { robustRange } from "../charts/geometry";
import { measured } from "../format/numbers";
import { seriesWord } from "../format/objective";
import type { ChipText } from "../ui/chipText";
import type { Axis } from "./axes";
import { VALUE_AXIS } from "./axes";
import { upperFirst } from "./labels";

/** The trials drawn bright. */
export const BRIGHT = 3;

export const OUTCOMES: Record<Outcome, string> = {
  waiting: "waiting",
  running: "running",
  finished: "finished",
  failed: "failed",
  diverged: "diverged",
  stopped: "stopped",
  stopped_early: "stopped early",
  hand_steered: "changed by hand",
};

export const METHODS: { id: Strategy; word: string; help: string }[] = [
  { id: "grid", word: "Grid", help: "Every combination of a few points. Few distinct values of each." },
  { id: "random", word: "Random", help: "Each trial has its own values. Hard to beat, easy to trust." },
  { id: "quasi_random", word: "Quasi-random", help: "Random, but evenly spread: fewer holes and clumps." },
  { id: "tpe", word: "Bayesian (TPE)", help: "Samples more where earlier trials did well." },
  {
    id: "coarse_to_fine",
    word: "Coarse to fine",
    help: "Rounds; each narrows the ranges around the best of the previous one.",
  },
];
export const methodWord = (strategy: Strategy): string =>
  METHODS.find((method) => method.id === strategy)?.word ?? strategy;

/** Ended, and not counted: it failed, was stopped, or was steered by hand. Drawn hollow. */
export const isExcluded = (trial: Trial): boolean =>
  !trial.fits && trial.repeat_of === null && trial.outcome !== "waiting" && trial.outcome !== "running";

/** The trials that were drawn: the same values with another seed say nothing new about the space. */
export const withoutRepeats = (trials: readonly Trial[]): Trial[] =>
  trials.filter((trial) => trial.repeat_of === null);

export const isLive = (search: SearchRow): boolean =>
  search.status === "queued" || search.status === "running" || search.counts.running > 0;

/** The best first; only trials of the fits. */
export const ranked = (trials: readonly Trial[]): Trial[] =>
  trials
    .filter((trial) => trial.fits && trial.loss !== null)
    .sort((a, b) => (a.loss as number) - (b.loss as number) || a.number - b.number);

export function chipOf(status: SearchStatus): ChipText {
  switch (status) {
    case "queued":
      return { icon: "clock", word: "Queued", tone: "busy" };
    case "running":
      return { icon: "dot", word: "Searching", tone: "good" };
    case "paused":
      return { icon: "pause", word: "Paused", tone: "calm" };
    case "finished":
      return { icon: "check", word: "Finished", tone: "good" };
    case "stopped":
      return { icon: "stop", word: "Stopped", tone: "calm" };
  }
}

const FOOT = 0.05;

/** The axis of what is best: logarithmic where low values span more than fivefold. */
export function valueAxis({ objective, mode }: Objective, values: readonly number[]): Axis {
  const axis = { name: VALUE_AXIS, label: upperFirst(seriesWord(objective)), choices: [], whole: false };
  const finite = values.filter(Number.isFinite);
  const least = Math.min(...finite);
  const most = Math.max(...finite);
  if (finite.length === 0) return { ...axis, scale: "linear", low: 0, high: 1 };
  if (mode === "max") {
    const { range } = robustRange(
      finite.map((value) => -value),
      false,
    );
    const high = -range[0] + (range[1] - range[0]) * FOOT; // nor hang from the top
    return { ...axis, scale: "linear", low: -range[1], high };
  }
  const log = least > 0 && most / least > 5;
  const { range } = robustRange(log ? finite.map(Math.log10) : [...finite], false);
  const [low, high] = [range[0] - (range[1] - range[0]) * FOOT, range[1]]; // the best should not stand on the axis
  return log
    ? { ...axis, scale: "log10", low: 10 ** low, high: 10 ** high }
    : { ...axis, scale: "linear", low, high };
}

/** From what is done to what is to come. */
const ORDER: Outcome[] = [
  "finished",
  "failed",
  "diverged",
  "stopped",
  "stopped_early",
  "hand_steered",
  "running",
  "waiting",
];

export function countsOf(search: SearchRow): { outcome: Outcome; count: number }[] {
  return ORDER.map((outcome) => ({ outcome, count: search.counts[outcome] ?? 0 })).filter(
    ({ count }) => count > 0,
  );
}

/** Both with the digits of the mean: "0.110 ± 0.008". */
export function spreadText(mean: number, spread: number | null): string {
  const text = measured(mean);
  const decimals = /^\d+\.(\d+)$/.exec(text)?.[1]?.length;
  return `${text} ± ${spread === null ? "?" : decimals === undefined ? measured(spread) : spread.toFixed(decimals)}`;
}

/** What the same values came to with other seeds, "0.0912 ± 0.0031 (3 seeds)"; null: not tried. */
export function repeatText(search: Search, runId: number): string | null {
  const repeat = search.repeats.find((repeat) => repeat.run_id === runId);
  if (!repeat || repeat.mean === null || repeat.objective_values.length < 2) return null;
  return `${spreadText(repeat.mean, repeat.spread)} (${repeat.objective_values.length} seeds)`;
}

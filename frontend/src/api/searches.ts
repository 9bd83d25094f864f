/** What is asked of searches: many trials at once, and the best of them as a run of its own. */
import { ask, query } from "./client";
export { Refused } from "./client";
import { readRun } from "./wire";
import type { Run, Scale, Value, Values, WireNumber, WireRun } from "./types";

export type Strategy = "grid" | "random" | "quasi_random" | "tpe" | "coarse_to_fine";
export type StopEarly = "median" | "successive_halving";
export type SearchStatus = "queued" | "running" | "paused" | "finished" | "stopped";
export type SearchCommand = "pause" | "resume" | "stop";
export type Outcome =
  | "waiting" | "running" | "finished" | "failed" | "diverged" | "stopped" | "stopped_early" | "hand_steered";

/** How one hyperparameter is searched: a range on a scale, a list of values, or one value for all. */
export interface SpacePart {
  scale?: Scale;
  low?: number;
  high?: number;
  values?: Value[];
  fixed?: Value;
  /** Only drawn when the other hyperparameters have one of these values. */
  when?: Record<string, Value[]> | null;
}
export type Space = Record<string, SpacePart>;

export interface WireTrial {
  number: number;
  run_id: number | null;
  round: number;
  status: string | null;
  outcome: Outcome;
  fits: boolean;
  val_cost: WireNumber | null;
  step: number;
  steps: number;
  seed: number;
  values: Values;
  repeat_of: number | null;
}
export interface Trial extends Omit<WireTrial, "val_cost"> {
  val_cost: number | null;
}

export interface Round {
  round: number;
  space: Space;
  kept: number[];
}
export interface Repeat {
  run_id: number;
  val_costs: number[];
  mean: number | null;
  spread: number | null;
}
export interface Edge {
  name: string;
  side: "low" | "high";
  value: Value;
  can_widen: boolean;
}

export interface SearchRow {
  id: number;
  name: string;
  note: string | null;
  actor: string;
  task: string;
  status: SearchStatus;
  reason: string | null;
  strategy: Strategy;
  space: Space;
  trials_wanted: number;
  steps: number;
  parallel: number;
  seed: number;
  stop_early: StopEarly | null;
  from_checkpoint: number | null;
  keep: number;
  widen: number;
  parent_id: number | null;
  created_at: string;
  ended_at: string | null;
  allowed: SearchCommand[];
  clipped: string[];
  best_run_id: number | null;
  best_is_at_edge: Edge[];
  counts: Record<Outcome, number>;
  rounds: Round[];
  repeats: Repeat[];
}
export interface Search extends SearchRow {
  trials: Trial[];
}

export interface NewSearch {
  task: string;
  space: Space;
  strategy: Strategy;
  trials: number;
  steps?: number;
  parallel?: number;
  seed?: number;
  stop_early?: StopEarly | null;
  from_checkpoint?: number;
  name?: string;
  note?: string;
  keep?: number;
  widen?: number;
  rounds?: number;
  points?: Record<string, number>;
}

export interface Preview {
  draws: Record<string, Value[]>;
  warnings: { name: string; message: string }[];
  grid_cells: number;
  estimate: { one_run_s: number | null; total_s: number | null; parallel: number; cores: number; measured_on: string };
  advice: { choose: "panda" | "caviar"; why: string };
  teaching: {
    x: string;
    y: string | null;
    grid: [number, number][];
    random: [number, number][];
    distinct: { grid: number; random: number };
  } | null;
}

export interface TrialCurves {
  series: string;
  runs: Record<string, { step: number[]; value: WireNumber[] }>;
}

export interface Importance {
  importance: Record<string, number>;
  trials: number;
  method: string;
  message: string | null;
}

export interface Refinement {
  keep?: number;
  widen?: number;
  widen_edges?: boolean;
  strategy?: Strategy;
  trials?: number;
  steps?: number;
  seed?: number;
}

export interface Promotion {
  from: "checkpoint" | "scratch";
  name?: string;
  steps?: number;
  note?: string;
}

type Wire<Of> = Omit<Of, "trials"> & { trials: WireTrial[] };

/** A cost that is NaN or infinite is no place on a chart; the outcome says what happened. */
const readTrial = (wire: WireTrial): Trial => ({
  ...wire,
  val_cost: typeof wire.val_cost === "number" ? wire.val_cost : null,
});
const readSearch = (wire: Wire<Search>): Search => ({ ...wire, trials: wire.trials.map(readTrial) });

export const startSearch = (asked: NewSearch) => ask<Wire<Search>>("POST", "/api/searches", asked).then(readSearch);
export const previewSearch = (asked: NewSearch) => ask<Preview>("POST", "/api/searches/preview", asked);
export const getSearches = (limit: number) =>
  ask<{ searches: SearchRow[]; next: number | null }>("GET", `/api/searches${query({ limit })}`);
export const getSearch = (id: number) => ask<Wire<Search>>("GET", `/api/searches/${id}`).then(readSearch);
export const commandSearch = (id: number, kind: SearchCommand) =>
  ask<unknown>("POST", `/api/searches/${id}/commands`, { kind });
export const refineSearch = (id: number, asked: Refinement) =>
  ask<Wire<Search>>("POST", `/api/searches/${id}/refine`, asked);
export const repeatTrial = (id: number, seeds: number, runId?: number) =>
  ask<unknown>("POST", `/api/searches/${id}/repeat`, { seeds, run_id: runId });
export const getTrialCurves = (id: number, points: number) =>
  ask<TrialCurves>("GET", `/api/searches/${id}/curves${query({ series: "val/cost", points })}`);
export const getImportance = (id: number) => ask<Importance>("GET", `/api/searches/${id}/importance`);
export const promoteRun = (runId: number, asked: Promotion): Promise<Run> =>
  ask<WireRun>("POST", `/api/runs/${runId}/promote`, asked).then(readRun);

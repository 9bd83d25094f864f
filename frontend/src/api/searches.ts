/** What is asked of searches: many trials at once, and the best of them as a run of its own. */
import { queryString, request } from "./client";

export { ApiError } from "./client";

import type { Objective } from "./objective";
import { lossOf } from "./objective";
import type { components } from "./openapi";
import { readRun } from "./parse";
import type { RequestBody, Run, WireRun } from "./types";

type Schemas = components["schemas"];

export type Strategy = Schemas["SearchSummary"]["strategy"];
export type StopEarly = NonNullable<Schemas["SearchSummary"]["stop_early"]>;
export type SearchStatus = Schemas["SearchSummary"]["status"];
export type SearchCommand = Schemas["SearchSummary"]["allowed"][number];
export type Outcome = Schemas["Trial"]["outcome"];

/** How one hyperparameter is searched; it has the fields that it was given, and no others. */
export type SpacePart = { [Field in keyof Schemas["SpacePart"]]?: NonNullable<Schemas["SpacePart"][Field]> };
export type Space = Record<string, SpacePart>;

/**
 * value: of the objective. One that is not finite is no place on a chart; the outcome says what happened.
 * loss: lower the better the value is.
 */
export interface Trial extends Omit<Schemas["Trial"], "val_cost" | "objective_value"> {
  value: number | null;
  loss: number | null;
}
export interface Round extends Omit<Schemas["Round"], "space"> {
  space: Space;
}
export interface SearchRow extends Omit<Schemas["SearchSummary"], "space" | "rounds"> {
  space: Space;
  rounds: Round[];
}
export interface Search extends SearchRow {
  trials: Trial[];
}
export type WireSearch = Schemas["Search"];

export type NewSearch = RequestBody<Omit<Schemas["NewSearch"], "space">, "strategy" | "trials"> & {
  space: Space;
};
export type Preview = Schemas["Preview"];
export type TrialCurves = Schemas["TrialCurves"];
export type Importance = Schemas["Importance"];
export type Refinement = Partial<Schemas["Refinement"]>;
export type Promotion = RequestBody<Schemas["Promotion"], "from">;

function readTrial(search: Objective, wire: Schemas["Trial"]): Trial {
  const { val_cost: _, objective_value: value, ...trial } = wire;
  return { ...trial, value: typeof value === "number" ? value : null, loss: lossOf(search, value) };
}
export const readSearch = (wire: WireSearch): Search => ({
  ...(wire as SearchRow),
  trials: wire.trials.map((trial) => readTrial(wire, trial)),
});

export const startSearch = (body: NewSearch) =>
  request<WireSearch>("POST", "/api/searches", body).then(readSearch);
export const previewSearch = (body: NewSearch) => request<Preview>("POST", "/api/searches/preview", body);
export const getSearches = (limit: number) =>
  request<{ searches: SearchRow[]; next: number | null }>("GET", `/api/searches${queryString({ limit })}`);
export const getSearch = (id: number) => request<WireSearch>("GET", `/api/searches/${id}`).then(readSearch);
export const commandSearch = (id: number, kind: SearchCommand) =>
  request<unknown>("POST", `/api/searches/${id}/commands`, { kind });
export const refineSearch = (id: number, body: Refinement) =>
  request<WireSearch>("POST", `/api/searches/${id}/refine`, body).then(readSearch);
export const repeatTrial = (id: number, seeds: number, runId?: number) =>
  request<unknown>("POST", `/api/searches/${id}/repeat`, { seeds, run_id: runId });
export const getTrialCurves = (id: number, series: string, points: number) =>
  request<TrialCurves>("GET", `/api/searches/${id}/curves${queryString({ series, points })}`);
export const getImportance = (id: number) => request<Importance>("GET", `/api/searches/${id}/importance`);
export const promoteRun = (runId: number, body: Promotion): Promise<Run> =>
  request<WireRun>("POST", `/api/runs/${runId}/promote`, body).then(readRun);

/** What is asked of searches: many trials at once, and the best of them as a run of its own. */
import { ask, query } from "./client";
export { Refused } from "./client";
import type { components } from "./openapi";
import type { Asked, Run, WireRun } from "./types";
import { readRun } from "./wire";

type Schemas = components["schemas"];

export type Strategy = Schemas["SearchSummary"]["strategy"];
export type StopEarly = NonNullable<Schemas["SearchSummary"]["stop_early"]>;
export type SearchStatus = Schemas["SearchSummary"]["status"];
export type SearchCommand = Schemas["SearchSummary"]["allowed"][number];
export type Outcome = Schemas["Trial"]["outcome"];

/** How one hyperparameter is searched; it has the fields that it was given, and no others. */
export type SpacePart = { [Field in keyof Schemas["SpacePart"]]?: NonNullable<Schemas["SpacePart"][Field]> };
export type Space = Record<string, SpacePart>;

/** A cost that is not finite is no place on a chart; the outcome says what happened. */
export interface Trial extends Omit<Schemas["Trial"], "val_cost"> {
  val_cost: number | null;
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
type WireSearch = Schemas["Search"];

export type NewSearch = Asked<Omit<Schemas["NewSearch"], "space">, "task" | "strategy" | "trials"> & { space: Space };
export type Preview = Schemas["Preview"];
export type TrialCurves = Schemas["TrialCurves"];
export type Importance = Schemas["Importance"];
export type Refinement = Partial<Schemas["Refinement"]>;
export type Promotion = Asked<Schemas["Promotion"], "from">;

const readTrial = (wire: Schemas["Trial"]): Trial => ({
  ...wire,
  val_cost: typeof wire.val_cost === "number" ? wire.val_cost : null,
});
const readSearch = (wire: WireSearch): Search => ({ ...(wire as SearchRow), trials: wire.trials.map(readTrial) });

export const startSearch = (asked: NewSearch) => ask<WireSearch>("POST", "/api/searches", asked).then(readSearch);
export const previewSearch = (asked: NewSearch) => ask<Preview>("POST", "/api/searches/preview", asked);
export const getSearches = (limit: number) =>
  ask<{ searches: SearchRow[]; next: number | null }>("GET", `/api/searches${query({ limit })}`);
export const getSearch = (id: number) => ask<WireSearch>("GET", `/api/searches/${id}`).then(readSearch);
export const commandSearch = (id: number, kind: SearchCommand) =>
  ask<unknown>("POST", `/api/searches/${id}/commands`, { kind });
export const refineSearch = (id: number, asked: Refinement) =>
  ask<WireSearch>("POST", `/api/searches/${id}/refine`, asked).then(readSearch);
export const repeatTrial = (id: number, seeds: number, runId?: number) =>
  ask<unknown>("POST", `/api/searches/${id}/repeat`, { seeds, run_id: runId });
export const getTrialCurves = (id: number, points: number) =>
  ask<TrialCurves>("GET", `/api/searches/${id}/curves${query({ series: "val/cost", points })}`);
export const getImportance = (id: number) => ask<Importance>("GET", `/api/searches/${id}/importance`);
export const promoteRun = (runId: number, asked: Promotion): Promise<Run> =>
  ask<WireRun>("POST", `/api/runs/${runId}/promote`, asked).then(readRun);

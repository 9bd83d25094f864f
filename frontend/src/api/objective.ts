/** What "best" means in a run or a search: the one place of the page that compares two values. Pure. */
import type { components } from "./openapi";

/** A run, a search and a task each have one. */
export type Objective = Pick<components["schemas"]["Run"], "objective" | "mode">;

export const VAL_COST = "val/cost";
export const DEFAULT_OBJECTIVE: Objective = { objective: VAL_COST, mode: "min" };

/** Lower the better a value is; null for one that is never best. */
export function lossOf({ mode }: Pick<Objective, "mode">, value: unknown): number | null {
  if (typeof value !== "number" || !Number.isFinite(value)) return null;
  return mode === "min" ? value : -value;
}

/** The order of the table: by any column, up or down; what has no value stands last either way. Pure. */
import type { Trial } from "../../../api/searches";
import type { Value } from "../../../api/types";

export interface SortOrder {
  column: string;
  descending: boolean;
}

export const DEFAULT_ORDER: SortOrder = { column: "val_cost", descending: false };

/** Pressed again, a column turns round. */
export const toggleOrder = (order: SortOrder, column: string): SortOrder =>
  order.column === column ? { column, descending: !order.descending } : { column, descending: false };

/** Columns other than those of the trial itself are hyperparameters. */
function cell(trial: Trial, column: string): Value | null {
  switch (column) {
    case "number":
      return trial.number;
    case "round":
      return trial.round;
    case "outcome":
      return trial.outcome;
    case "val_cost":
      return trial.val_cost;
    case "step":
      return trial.step;
    default:
      return trial.values[column] ?? null;
  }
}

export function sortTrials(trials: readonly Trial[], order: SortOrder): Trial[] {
  const turn = order.descending ? -1 : 1;
  return [...trials].sort((a, b) => {
    // A cost outside the fits is no result: it stands below those that are.
    if (order.column === "val_cost" && a.fits !== b.fits) return a.fits ? -1 : 1;
    const [x, y] = [cell(a, order.column), cell(b, order.column)];
    if (x === null || y === null) return x === y ? a.number - b.number : x === null ? 1 : -1;
    const by = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
    return by * turn || a.number - b.number;
  });
}

/** The order of the table: by any column, up or down; what has no value stands last either way. Pure. */
import type { Objective } from "../../../api/objective";
import type { Trial } from "../../../api/searches";
import type { Value } from "../../../api/types";
import { VALUE_AXIS } from "../../axes";

export interface SortOrder {
  column: string;
  descending: boolean;
}

/** The best on top. */
export const firstOrder = (mode: Objective["mode"]): SortOrder => ({
  column: VALUE_AXIS,
  descending: mode === "max",
});

/** Pressed again, a column turns round. */
export function toggleOrder(order: SortOrder, column: string, mode: Objective["mode"]): SortOrder {
  if (order.column === column) return { column, descending: !order.descending };
  return column === VALUE_AXIS ? firstOrder(mode) : { column, descending: false };
}

/** Columns other than those of the trial itself are hyperparameters. */
function cell(trial: Trial, column: string): Value | null {
  switch (column) {
    case "number":
      return trial.number;
    case "round":
      return trial.round;
    case "outcome":
      return trial.outcome;
    case VALUE_AXIS:
      return trial.value;
    case "step":
      return trial.step;
    default:
      return trial.values[column] ?? null;
  }
}

export function sortTrials(trials: readonly Trial[], order: SortOrder): Trial[] {
  const turn = order.descending ? -1 : 1;
  return [...trials].sort((a, b) => {
    // A value outside the fits is no result: it stands below those that are.
    if (order.column === VALUE_AXIS && a.fits !== b.fits) return a.fits ? -1 : 1;
    const [x, y] = [cell(a, order.column), cell(b, order.column)];
    if (x === null || y === null) return x === y ? a.number - b.number : x === null ? 1 : -1;
    const by = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
    return by * turn || a.number - b.number;
  });
}

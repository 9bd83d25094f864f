/** The order of the table: by any column, up or down; what has no value stands last either way. Pure. */
import type { Trial } from "../api/searches";
import type { Value } from "../api/types";

export interface Order {
  column: string;
  down: boolean;
}

export const FIRST: Order = { column: "val_cost", down: false };

/** Pressed again, a column turns round. */
export const turned = (order: Order, column: string): Order =>
  order.column === column ? { column, down: !order.down } : { column, down: false };

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

export function sorted(trials: readonly Trial[], order: Order): Trial[] {
  const turn = order.down ? -1 : 1;
  return [...trials].sort((a, b) => {
    // A cost outside the fits is no result: it stands below those that are.
    if (order.column === "val_cost" && a.fits !== b.fits) return a.fits ? -1 : 1;
    const [x, y] = [cell(a, order.column), cell(b, order.column)];
    if (x === null || y === null) return x === y ? a.number - b.number : x === null ? 1 : -1;
    const by = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
    return by * turn || a.number - b.number;
  });
}

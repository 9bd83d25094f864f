/** The rows that a search over a script begins with. Pure. */
import type { Values } from "../../../api/types";
import type { Declared, Row } from "./space";
import { rowOf } from "./space";

/**
 * The arguments and knobs of tiers 1 and 2, those of tier 1 searched. The options of an optimizer only where
 * nothing else is of tier 1: set for a whole trial, they would stand in the way of the script's own schedule.
 */
export function rowsOfScript(declared: Declared, values: Values = {}): Row[] {
  const own = declared.filter((item) => item.relative !== true);
  const isRange = (item: Declared[number]) => item.tier === 1 && item.kind !== "choice";
  const searched = own.some(isRange) ? own.filter(isRange) : declared.filter(isRange);
  const fixed = own.filter((item) => item.tier < 3 && !searched.includes(item));
  return [...searched, ...fixed].map((item) => {
    const value = values[item.name] ?? item.default;
    return rowOf({ ...item, default: value }, value, searched.includes(item) ? "searched" : "fixed");
  });
}

/** What a trial has anyway, so that it need not be sent. */
export const ownValues = (declared: Declared): Values =>
  Object.fromEntries(declared.map((item) => [item.name, item.default]));

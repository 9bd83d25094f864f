/** Brushes: the ranges of some axes that the parallel coordinates are filtered by. Pure. */
import type { Objective } from "../../../../api/objective";
import type { Trial } from "../../../../api/searches";
import type { Axis } from "../../../axes";
import { textOf, unitOf, valueAtUnit } from "../../../axes";

/** By the axis's name: the range, 0 to 1, low end first. */
export type Brushes = Readonly<Record<string, readonly [number, number]>>;

/** Shorter than this it was a click, not a brush. */
const LENGTH_MIN = 0.02;

/** The range between two positions, in any order; null: too short to be a brush. */
export function brushRange(from: number, to: number): [number, number] | null {
  const [low, high] = [Math.max(0, Math.min(from, to)), Math.min(1, Math.max(from, to))];
  return high - low < LENGTH_MIN ? null : [low, high];
}

export function withBrush(brushes: Brushes, name: string, to: readonly [number, number] | null): Brushes {
  const { [name]: _old, ...rest } = brushes;
  return to === null ? rest : { ...rest, [name]: to };
}

/** The part of the axis of the objective from a place on to the better end. */
export const bestPart = (limit: number, mode: Objective["mode"]): [number, number] =>
  mode === "min" ? [0, Math.min(1, limit)] : [Math.max(0, limit), 1];

/** Where a trial stands on an axis; the objective has an axis of its own. */
export type PositionOf = (axis: Axis, trial: Trial) => number | null;

export function passes(
  trial: Trial,
  axes: readonly Axis[],
  brushes: Brushes,
  positionOf: PositionOf,
): boolean {
  return axes.every((axis) => {
    const brush = brushes[axis.name];
    if (!brush) return true;
    const at = positionOf(axis, trial);
    return at !== null && at >= brush[0] - 1e-9 && at <= brush[1] + 1e-9;
  });
}

/** "Learning rate 0.003–0.03", or the choices inside. */
export function brushText(axis: Axis, brush: readonly [number, number]): string {
  if (axis.scale === "choice") {
    const inside = axis.choices.filter((choice) => {
      const at = unitOf(axis, choice);
      return at !== null && at >= brush[0] && at <= brush[1];
    });
    return `${axis.label} ${inside.map((choice) => textOf(axis, choice)).join(", ") || "none"}`;
  }
  const end = (at: number): string => {
    const value = valueAtUnit(axis, at);
    // What a hand pulled has no fourth digit; a momentum does.
    return textOf(axis, axis.scale === "minus_log10_one_minus" ? value : Number(value.toPrecision(2)));
  };
  return `${axis.label} ${end(brush[0])}–${end(brush[1])}`;
}

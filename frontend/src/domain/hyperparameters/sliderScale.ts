/** Where a value stands on the slider of its scale, and back. */

import { fromWireNumber } from "../../api/number";
import type { Hyperparameter, Scale } from "../../api/types";

/** −log10(1−β) at the right end of a momentum slider: β = 0.9995. */
export const MOMENTUM_END = 3.3;
/** What a log slider starts at when its declaration starts at 0. */
const LOG_FLOOR = 1e-6;
const LOG_FLOORS: Record<string, number> = { epsilon: 1e-12, weight_decay: 1e-6, grad_clip: 1e-2 };

export function toSlider(value: number, scale: Scale): number {
  switch (scale) {
    case "log10":
      return Math.log10(value);
    case "log2":
      return Math.log2(value);
    case "minus_log10_one_minus":
      return -Math.log10(1 - value);
    case "linear":
      return value;
  }
}

export function fromSlider(position: number, scale: Scale): number {
  switch (scale) {
    case "log10":
      return Number((10 ** position).toPrecision(3));
    case "log2":
      return 2 ** position;
    case "minus_log10_one_minus":
      // Digits grow towards 1: 0.9, 0.99, 0.999 are as far apart as they feel.
      return Number((1 - Number((10 ** -position).toPrecision(2))).toFixed(6));
    case "linear":
      return Number(position.toPrecision(6));
  }
}

/** The scales that the values of a declaration can be on. */
export function scalesOf(declared: Hyperparameter): Scale[] {
  if (declared.kind !== "float" && declared.kind !== "int") return [];
  const [low, high] = [fromWireNumber(declared.low ?? 0), fromWireNumber(declared.high ?? Infinity)];
  const found: Scale[] = ["linear"];
  if (low >= 0 && high > 0) found.push("log10", "log2");
  if (declared.kind === "float" && low < 1 && high <= 1) found.push("minus_log10_one_minus");
  return found;
}

export interface SliderRange {
  min: number;
  max: number;
  step: number;
}

/** The ends of the slider of a declaration, or null when one end is open and only a field makes sense. */
export function sliderRange(declared: Hyperparameter): SliderRange | null {
  const [low, high] = [fromWireNumber(declared.low ?? 0), fromWireNumber(declared.high ?? Infinity)];
  if (declared.scale === "minus_log10_one_minus") return { min: 0, max: MOMENTUM_END, step: 0.05 };
  if (!Number.isFinite(high) || high > 1e9 || declared.kind === "int") return null;
  if (declared.scale === "log10" || declared.scale === "log2") {
    const option = declared.name.split(".").find((word) => word in LOG_FLOORS) ?? "";
    const floor = low > 0 ? low : Math.min(LOG_FLOORS[option] ?? LOG_FLOOR, high / 10);
    return { min: toSlider(floor, declared.scale), max: toSlider(high, declared.scale), step: 0.05 };
  }
  return { min: low, max: high, step: (high - low) / 100 };
}

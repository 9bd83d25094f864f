/** Words of this page that more than one part needs. */
import type { Scale } from "../api/types";

/** A label in the middle of a sentence: "learning rate", but "Adam β₁". */
export const lowerFirst = (label: string): string =>
  /^(Adam|Nesterov)\b/.test(label) ? label : label.charAt(0).toLowerCase() + label.slice(1);

export const upperFirst = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

export const SCALE_WORDS: Record<Scale | "values", string> = {
  linear: "linear",
  log10: "log",
  log2: "log₂",
  minus_log10_one_minus: "−log10(1−β)",
  values: "list of values",
};

/** Reads what a person types into a number field: 0.01, 3e-4, x2, /10, ×½. */
import { setting, whole } from "./numbers";

export type ParsedNumber = { value: number; problem: null } | { value: null; problem: string };

const LEARNING_RATE_MAX = 10;

const NOT_A_RATE = "Enter a number such as 0.01, 3e-4, x2 or /10.";

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
/** "1,000", as the page writes it. "0,001" has no thousands: there the comma was meant as a point. */
const THOUSANDS = /^([x×*/÷]?[+-]?[1-9]\d{0,2})((?:,\d{3})+)(?![\d,])/i;
const DECIMAL_COMMA = /^([x×*/÷]?)([+-]?\d*),(\d+(?:e[+-]?\d+)?)$/i;
const FACTOR = /^([x×*/÷])\s*((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|½|¼)$/i;

const normalized = (text: string): string =>
  text
    .trim()
    .replace(/\s+/g, "")
    .replace(/−/g, "-")
    .replace(THOUSANDS, (_all, first: string, rest: string) => first + rest.replace(/,/g, ""));

/** What to say of a text that is no number: how to write a decimal comma, else `otherwise`. */
export function notANumberText(text: string, otherwise: string): string {
  const comma = DECIMAL_COMMA.exec(normalized(text));
  if (!comma) return otherwise;
  return `Write ${comma[1]}${comma[2] || "0"}.${comma[3]} with a point: a comma separates thousands.`;
}

/** A number, or a factor of `current` when it starts with x, ×, *, / or ÷. NaN when it is neither. */
export function parseNumber(text: string, current: number): number {
  const plain = normalized(text);
  if (NUMBER.test(plain)) return Number(plain);
  const factor = FACTOR.exec(plain);
  if (!factor) return NaN;
  const by = factor[2] === "½" ? 0.5 : factor[2] === "¼" ? 0.25 : Number(factor[2]);
  return "/÷".includes(factor[1] as string) ? current / by : roundFloat(current * by);
}

/** 0.1 * 3 is 0.30000000000000004; a person meant 0.3. */
export const roundFloat = (value: number): number => Number(value.toPrecision(12));

export function parseLearningRate(text: string, current: number): ParsedNumber {
  const value = parseNumber(text, current);
  if (Number.isNaN(value)) return { value: null, problem: notANumberText(text, NOT_A_RATE) };
  if (FACTOR.test(normalized(text)) && (value === 0 || value === Infinity)) {
    return { value: null, problem: "Enter a factor above 0, such as /10." };
  }
  if (value <= 0) {
    return {
      value: null,
      problem: "The learning rate must be above 0. To stop learning, pause the run.",
    };
  }
  if (!Number.isFinite(value)) return { value: null, problem: "The learning rate must be at most 10." };
  if (value > LEARNING_RATE_MAX) {
    const meant = likelyRate(value);
    return { value: null, problem: `${value} is above the limit of 10. Did you mean ${meant}?` };
  }
  return { value: roundFloat(value), problem: null };
}

/** The same digits where learning rates usually are: 12 → 0.012. */
const likelyRate = (value: number): number => roundFloat(value / 1000);

export function parseMomentum(text: string, current: number): ParsedNumber {
  const value = parseNumber(text, current);
  if (Number.isNaN(value))
    return { value: null, problem: notANumberText(text, "Enter a number from 0 to below 1, such as 0.9.") };
  if (value >= 1) {
    return { value: null, problem: "Momentum must be below 1. At 1 old gradients would never fade." };
  }
  if (value < 0) return { value: null, problem: "Momentum must be at least 0." };
  return { value, problem: null };
}

/** A whole number with both limits included, such as a number of steps. */
export function parseWhole(text: string, low: number, high: number, example: number): ParsedNumber {
  const value = parseNumber(text, NaN);
  const hint = `Enter a whole number such as ${setting(example)}.`;
  if (Number.isNaN(value)) return { value: null, problem: notANumberText(text, hint) };
  if (!Number.isInteger(value)) return { value: null, problem: hint };
  if (value < low) return { value: null, problem: `${whole(value)} is below the limit of ${whole(low)}.` };
  if (value > high) return { value: null, problem: `${whole(value)} is above the limit of ${whole(high)}.` };
  return { value, problem: null };
}

/** What the declaration of a hyperparameter allows, and when it matters. */
import { fromWireNumber } from "../../api/number";
import type { Hyperparameter, Run, Value } from "../../api/types";
import { valueText } from "../../format/hyperparameters";
import { setting } from "../../format/numbers";
import type { ParsedNumber } from "../../format/parseNumber";
import { notANumberText, parseNumber } from "../../format/parseNumber";

function exampleOf(declared: Hyperparameter): string {
  if (declared.name === "learning_rate") return "a number such as 0.01 or 3e-4";
  const example = valueText(declared.name, declared.default as Value);
  return declared.kind === "int" ? `a whole number such as ${example}` : `a number such as ${example}`;
}

/** What the declaration allows, said before the server has to. */
export function readDeclared(text: string, current: number, declared: Hyperparameter): ParsedNumber {
  const value = parseNumber(text, current);
  const [low, high] = [fromWireNumber(declared.low ?? -Infinity), fromWireNumber(declared.high ?? Infinity)];
  if (Number.isNaN(value))
    return { value: null, problem: notANumberText(text, `Enter ${exampleOf(declared)}.`) };
  if (declared.kind === "int" && !Number.isInteger(value)) {
    return { value: null, problem: `${declared.label} must be a whole number.` };
  }
  if (value < low || (value === low && !declared.low_included)) {
    const word = declared.low_included ? "at least" : "above";
    return { value: null, problem: `${declared.label} must be ${word} ${setting(low)}.` };
  }
  if (value > high || (value === high && declared.high_included === false)) {
    const word = declared.high_included === false ? "below" : "at most";
    return { value: null, problem: `${declared.label} must be ${word} ${setting(high)}.` };
  }
  return { value, problem: null };
}

/** β₁ matters with Adam only, a decay rate with some schedules only. */
export function applies(declared: Hyperparameter, run: { values: Run["values"] }): boolean {
  const optimizer = String(run.values["optimizer"] ?? "sgd");
  const schedule = String(run.values["schedule"] ?? "constant");
  if (declared.optimizers && !declared.optimizers.includes(optimizer)) return false;
  return !declared.schedules || declared.schedules.includes(schedule);
}

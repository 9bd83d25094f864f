/** How hyperparameters, their values and changes of them are written for people. */
import type { Relative, Value, Values } from "../api/types";
import { momentum, setting } from "./numbers";

const MOMENTA = ["momentum", "beta1", "beta2"];
const NAMES: Record<string, string> = {
  learning_rate: "Learning rate",
  base_learning_rate: "Base learning rate",
  momentum: "Momentum",
  batch_size: "Batch size",
  beta1: "Adam β₁",
  beta2: "Adam β₂",
  epsilon: "Adam ε",
  weight_decay: "Weight decay",
  grad_clip: "Gradient clip",
  schedule: "Learning rate decay",
};

const GROUP = /^\d+$/;

/** "generator.learning_rate.0" → "Learning rate (generator, group 0)": an option of an optimizer. */
function optionName(name: string): string | null {
  const words = name.split(".");
  const at = words.findIndex((word) => word in NAMES || word === "nesterov");
  if (at < 0 || words.length === 1) return null;
  const [part, group] = [words.slice(0, at).join("."), words.slice(at + 1).join(".")];
  const where = [part, GROUP.test(group) ? `group ${group}` : group].filter(Boolean).join(", ");
  return `${nameOf(words[at] as string)} (${where})`;
}

/** "learning_rate" → "Learning rate", also for names that only a task or a script knows. */
export function nameOf(name: string): string {
  const option = optionName(name);
  if (option !== null) return option;
  const plain = name.replace(/_/g, " ");
  return NAMES[name] ?? plain.charAt(0).toUpperCase() + plain.slice(1);
}

/** Abbreviations that are read as capitals. */
const ABBREVIATIONS = ["mae", "mse", "rmse"];

/** "val/mae" → "val MAE", "grad_norm" → "grad norm". */
export const metricName = (name: string): string =>
  name
    .split(/[/_]/)
    .map((word) => (ABBREVIATIONS.includes(word) ? word.toUpperCase() : word))
    .join(" ");

export function valueText(name: string, value: Value | Relative | undefined): string {
  if (value === undefined) return "–";
  if (typeof value === "object")
    return typeof value["times"] === "number" ? `× ${setting(value["times"])}` : "as the script says";
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value === "string") return value.replace(/_/g, " ");
  return name.split(".").some((word) => MOMENTA.includes(word)) ? momentum(value) : setting(value);
}

/** "Learning rate 0.01 → 0.005; Momentum 0.9 → 0.99", only of what differs. */
export function changeText(before: Values, after: Values): string {
  const moved = Object.keys(after).filter((name) => before[name] !== after[name]);
  // Under a schedule both learning rates move together; one line says it.
  const names = moved.includes("learning_rate")
    ? moved.filter((name) => name !== "base_learning_rate")
    : moved;
  const shown = names.length > 0 ? names : Object.keys(after);
  return shown
    .map((name) => {
      // A setting that did not apply before, as the base of a schedule that was just turned on, has no value to leave.
      const left = before[name] === undefined ? "" : `${valueText(name, before[name])} → `;
      return `${nameOf(name)} ${left}${valueText(name, after[name])}`;
    })
    .join("; ");
}

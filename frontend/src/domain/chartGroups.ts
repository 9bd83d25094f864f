/** Which recorded series stand on which chart, by their names. */
import type { Run } from "../api/types";
import { metricName } from "../format/hyperparameters";

/** What counts steps and time; it has no chart. */
const COUNTERS = ["epoch", "examples", "active_s", "clock_s", "steps_per_s", "grad_norm", "step_size"];
const SPLIT = /^(train|val|valid|validation|dev|test|eval)\/(.+)$/;
const [TRAIN_COST, VAL_COST] = ["train/cost", "val/cost"];

/** What a script says of its series. */
type Meaning = Pick<NonNullable<Run["declared"]>, "cost" | "objective" | "mode"> | null | undefined;

/**
 * What the cost chart shows. What a script calls best may be an accuracy, which is no cost; and where it
 * says nothing of one, its validation cost is what has the name of its cost.
 */
export function costNames(names: string[], meaning?: Meaning): string[] {
  if (names.includes(VAL_COST) || !meaning)
    return isMaximized(meaning) ? [TRAIN_COST] : [TRAIN_COST, VAL_COST];
  const quantity = SPLIT.exec(meaning.cost ?? "")?.[2];
  const other = names.find((name) => isValidation(name) && SPLIT.exec(name)?.[2] === quantity);
  return other ? [TRAIN_COST, other] : [TRAIN_COST];
}

const isMaximized = (meaning: Meaning): boolean => meaning?.mode === "max";

export interface ChartGroup {
  /** Unique on the page. */
  key: string;
  title: string;
  names: string[];
}

const isOption = (option: string) => (name: string) => name.split(".").includes(option);

/** "learning_rate", "learning_rate.0", "generator.learning_rate": of one option, whatever it is of. */
const optionNames = (names: string[], option: string): string[] =>
  names.filter(isOption(option)).sort(byName);

export const rateNames = (names: string[]): string[] => optionNames(names, "learning_rate");
export const momentumNames = (names: string[]): string[] => optionNames(names, "momentum");

const byName = (a: string, b: string): number => a.localeCompare(b, "en", { numeric: true });

/** What tells the options of one strip apart: "generator.learning_rate.0" → "generator group 0"; "" for one alone. */
export const optionPlace = (name: string, option: string): string =>
  name
    .split(".")
    .filter((word) => word !== option)
    .map((word) => (/^\d+$/.test(word) ? `group ${word}` : word))
    .join(" ");

/**
 * The measurements beside the cost: a chart for each quantity, so "train/accuracy" and "val/accuracy"
 * share one, and one for each other prefix, as "reward" of "reward/mean" and "reward/best".
 */
export function chartGroups(names: string[], meaning?: Meaning): ChartGroup[] {
  const groups = new Map<string, ChartGroup>();
  const drawn = [...drawnAsCost(names, meaning), ...rateNames(names), ...momentumNames(names), ...COUNTERS];
  for (const name of names.toSorted(byName)) {
    if (drawn.includes(name)) continue;
    const key = SPLIT.exec(name)?.[2] ?? name.split("/")[0] ?? name;
    const group = groups.get(key) ?? { key, title: titleOf(key), names: [] };
    group.names.push(name);
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => rank(a) - rank(b));
}

/** The cost has two names in the run of a script, and one curve. */
function drawnAsCost(names: string[], meaning: Meaning): string[] {
  const drawn = [TRAIN_COST, VAL_COST, ...costNames(names, meaning)];
  if (meaning?.cost) drawn.push(meaning.cost);
  if (meaning?.objective && !isMaximized(meaning)) drawn.push(meaning.objective);
  return drawn;
}

/** Accuracy first: it is what people look for. */
const rank = ({ key }: ChartGroup): number => (key === "accuracy" ? 0 : 1);

function titleOf(key: string): string {
  const words = metricName(key);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Room for so many characters, besides the value. */
const LABEL_MAX = 9;

/** What a series is called at the end of its line; what is too long, its chart says in the title. */
export function seriesLabel(name: string): string {
  const [whole, split] = [metricName(name), SPLIT.exec(name)];
  if (split && (/^(cost|accuracy)$/.test(split[2] as string) || whole.length > LABEL_MAX)) {
    return split[1] as string;
  }
  return whole.length > LABEL_MAX ? metricName(name.split("/").slice(1).join(" ") || name) : whole;
}

/** Training and validation have colours and dashes of their own. */
export const isValidation = (name: string): boolean => {
  const split = SPLIT.exec(name)?.[1];
  return split !== undefined && split !== "train";
};

/** Every recorded series is on one chart, and the cost is drawn once. */
import { expect, test } from "vitest";
import { chartGroups, costNames, momentumNames, optionPlace, rateNames, seriesLabel } from "./chartGroups";

const COUNTED = ["epoch", "active_s", "clock_s", "steps_per_s"];
const meaning = { cost: "train/loss", objective: null, mode: "min" };
const drawn = (names: string[], said = meaning): Record<string, string[]> =>
  Object.fromEntries(chartGroups(names, said).map((group) => [group.title, group.names]));

test("the same quantity of training and validation shares a chart, accuracy first", () => {
  const names = ["val/top_5", "val/accuracy", "train/accuracy", "train/top_5", ...COUNTED];
  expect(chartGroups(names).map(({ title, names }) => [title, names])).toEqual([
    ["Accuracy", ["train/accuracy", "val/accuracy"]],
    ["Top 5", ["train/top_5", "val/top_5"]],
  ]);
});

test("other names share a chart by what stands before the slash", () => {
  expect(drawn(["reward/mean", "reward/best", "beta"])).toEqual({
    Beta: ["beta"],
    Reward: ["reward/best", "reward/mean"],
  });
});

test("the cost of a script is not drawn a second time by its own name", () => {
  const names = [
    "train/cost",
    "train/loss",
    "val/cost",
    "val/loss",
    "train/kl",
    "learning_rate.0",
    "momentum",
  ];
  expect(drawn(names, { ...meaning, objective: "val/loss" as unknown as null })).toEqual({
    Kl: ["train/kl"],
  });
  expect(costNames(names, meaning)).toEqual(["train/cost", "val/cost"]);
});

test("without an objective, the validation cost is what has the name of the cost", () => {
  const names = ["train/cost", "train/loss", "val/loss", "val/accuracy"];
  expect(costNames(names, meaning)).toEqual(["train/cost", "val/loss"]);
  expect(drawn(names)).toEqual({ Accuracy: ["val/accuracy"] });
  expect(costNames(["train/cost"], meaning)).toEqual(["train/cost"]);
});

test("an objective that is to rise is no cost", () => {
  const said = { cost: "train/loss", objective: "val/accuracy", mode: "max" };
  const names = ["train/cost", "train/loss", "val/cost", "val/accuracy"];
  expect(costNames(names, said)).toEqual(["train/cost"]);
  expect(chartGroups(names, said).map((group) => group.names)).toEqual([["val/accuracy"]]);
});

test("the strips take the options of all groups and optimizers, in their order", () => {
  const names = [
    "learning_rate.10",
    "learning_rate.2",
    "g.learning_rate",
    "train/learning_rate_hint",
    "momentum.0",
  ];
  expect(rateNames(names)).toEqual(["g.learning_rate", "learning_rate.2", "learning_rate.10"]);
  expect(momentumNames(names)).toEqual(["momentum.0"]);
  expect(optionPlace("g.learning_rate.0", "learning_rate")).toBe("g group 0");
  expect(optionPlace("learning_rate", "learning_rate")).toBe("");
});

test("a line is called by what there is room for, and its chart by the rest", () => {
  const names = ["train/accuracy", "val/mae", "val/perplexity", "reward/mean_of_10", "grad_norm", "beta"];
  expect(names.map(seriesLabel)).toEqual(["train", "val MAE", "val", "mean of 10", "grad norm", "beta"]);
});

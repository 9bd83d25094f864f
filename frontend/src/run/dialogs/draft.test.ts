/** A form sends only what somebody changed, and says what is wrong at the field. */
import { expect, test } from "vitest";
import type { Hyperparameter } from "../../api/types";
import { draftOf, forkValues, readDraft, readPlan } from "./draft";

const plain: Hyperparameter = {
  name: "learning_rate",
  label: "Learning rate",
  symbol: "α",
  tier: 1,
  kind: "float",
  scale: "log10",
  low: 0,
  high: 10,
  low_included: false,
  high_included: true,
  choices: [],
  default: 0.01,
  unit: "",
  when: "live",
  help: "",
  optimizers: null,
  schedules: null,
  relative: false,
};
const declared: Hyperparameter[] = [
  plain,
  {
    ...plain,
    name: "batch_size",
    label: "Mini-batch size",
    kind: "int",
    low: 1,
    low_included: true,
    high: 1000,
    default: 32,
  },
  { ...plain, name: "nesterov", label: "Nesterov momentum", kind: "bool", default: false },
];

test("an untouched form sends no values", () => {
  expect(readDraft(declared, draftOf(declared, {}), {})).toEqual({ values: {}, problems: {} });
});

test("what was changed is sent in its type", () => {
  const draft = { ...draftOf(declared, {}), learning_rate: "3e-4", batch_size: "64", nesterov: true };

  expect(readDraft(declared, draft, {}).values).toEqual({
    learning_rate: 0.0003,
    batch_size: 64,
    nesterov: true,
  });
});

test("what is wrong is said at its field", () => {
  const draft = { ...draftOf(declared, {}), learning_rate: "0", batch_size: "2000" };

  expect(readDraft(declared, draft, {}).problems).toEqual({
    learning_rate: "Learning rate must be above 0.",
    batch_size: "Mini-batch size must be at most 1,000.",
  });
});

test("a fork sets the base of the learning rate where a schedule is on, as its form shows it", () => {
  expect(forkValues({ learning_rate: 0.01, momentum: 0.8 }, { schedule: "cosine" })).toEqual({
    base_learning_rate: 0.01,
    momentum: 0.8,
  });
  expect(forkValues({ learning_rate: 0.01 }, { schedule: "constant" })).toEqual({ learning_rate: 0.01 });
});

test("a mini-batch that is no number is asked for in words of its own", () => {
  const draft = { ...draftOf(declared, {}), batch_size: "abc", learning_rate: "abc" };

  expect(readDraft(declared, draft, {}).problems).toEqual({
    batch_size: "Enter a whole number such as 32.",
    learning_rate: "Enter a number such as 0.01 or 3e-4.",
  });
});

test("steps and seed are checked before anything is sent", () => {
  const from = { steps: 1500, seed: 0 };

  expect(readPlan({ steps: "-5", seed: "-1" }, from).problems).toEqual({
    steps: "-5 is below the limit of 1.",
    seed: "-1 is below the limit of 0.",
  });
  expect(readPlan({ steps: "2,000", seed: "7" }, from)).toEqual({
    plan: { steps: 2000, seed: 7 },
    problems: {},
  });
});

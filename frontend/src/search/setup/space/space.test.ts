import { describe, expect, it } from "vitest";
import type { Hyperparameter } from "../../../api/types";
import { gridText } from "../grid";
import { readSpace, rowOf, rowsAround, rowsFrom, rowsOf, scalesOf } from "./space";

const declare = (name: string, more: Partial<Hyperparameter> = {}): Hyperparameter => ({
  name,
  label: name,
  symbol: "",
  tier: 2,
  kind: "float",
  scale: "linear",
  low: 0,
  high: "Infinity",
  low_included: true,
  high_included: true,
  choices: [],
  default: 1,
  unit: "",
  when: "live",
  help: "",
  optimizers: null,
  schedules: null,
  relative: false,
  ...more,
});
const rate = declare("learning_rate", {
  tier: 1,
  scale: "log10",
  high: 10,
  low_included: false,
  default: 0.01,
});
const beta = declare("momentum", {
  scale: "minus_log10_one_minus",
  high: 1,
  high_included: false,
  default: 0.9,
});
const units = declare("hidden_units", {
  kind: "int",
  scale: "log2",
  low: 1,
  high: 8192,
  default: 32,
  when: "fork",
});
const batch = declare("batch_size", { kind: "int", scale: "log2", low: 1, high: 100, default: 32 });
const rule = declare("optimizer", { tier: 3, kind: "choice", choices: ["sgd", "adam"], default: "sgd" });
const task = [rate, beta, units, batch, rule];

describe("a new space", () => {
  it("searches the learning rate, momentum and hidden units, and fixes the rest of tier 2", () => {
    const { space, problems } = readSpace(rowsOf(task, {}), task);
    expect(problems).toEqual({});
    expect(space).toEqual({
      learning_rate: { scale: "log10", low: 1e-4, high: 1 },
      momentum: { scale: "minus_log10_one_minus", low: 0.9, high: 0.999 },
      hidden_units: { scale: "log2", low: 16, high: 256 },
      batch_size: { fixed: 32 },
    });
  });

  it("leaves out what has no effect with the optimizer of the task", () => {
    const sgdOnly = { ...beta, optimizers: ["sgd"] };
    const names = (optimizer: string) => rowsOf([rate, sgdOnly, rule], { optimizer }).map((row) => row.name);
    expect([names("sgd"), names("adam")]).toEqual([["learning_rate", "momentum"], ["learning_rate"]]);
  });

  it("stays within what the task allows", () => {
    expect(rowOf(batch, 32)).toMatchObject({ low: "8", high: "100" });
  });

  it("offers the declared scale first and a list last", () => {
    expect(scalesOf(rate)).toEqual(["log10", "linear", "values"]);
    expect(scalesOf(units)).toEqual(["log2", "linear", "values"]);
    expect(scalesOf(beta)).toEqual(["minus_log10_one_minus", "linear", "values"]);
    expect(scalesOf(rule)).toEqual(["values"]);
  });
});

describe("a space around a run", () => {
  const run = {
    values: { learning_rate: 0.02, momentum: 0.9, hidden_units: 64, batch_size: 32, optimizer: "adam" },
  };

  it("goes a decade down and up from its learning rate and keeps the rest", () => {
    const { space } = readSpace(rowsAround(task, run), task);
    expect(space["learning_rate"]).toEqual({ scale: "log10", low: 0.002, high: 0.2 });
    expect(space["momentum"]).toMatchObject({ low: expect.closeTo(0.68, 2), high: expect.closeTo(0.968, 2) });
    expect(space["hidden_units"]).toEqual({ fixed: 64 });
    expect(space["optimizer"]).toEqual({ fixed: "adam" });
  });

  it("does not say again what a litter inherits", () => {
    const { space } = readSpace(rowsAround(task, run), task, run.values);
    expect(Object.keys(space)).toEqual(["learning_rate", "momentum"]);
  });

  it("stays within the bounds", () => {
    const { space } = readSpace(rowsAround(task, { values: { ...run.values, learning_rate: 5 } }), task);
    expect(space["learning_rate"]).toMatchObject({ low: 0.5, high: 10 });
  });
});

describe("reading the rows", () => {
  const problems = (change: object, hyperparameter = rate) =>
    readSpace([{ ...rowOf(hyperparameter, hyperparameter.default), ...change }], task).problems;

  it("says what is wrong beside the field", () => {
    expect(problems({ low: "0" })).toHaveProperty(["learning_rate.low"]);
    expect(problems({ high: "12" })).toEqual({ "learning_rate.high": "learning_rate must be at most 10." });
    expect(problems({ low: "1", high: "0.1" })["learning_rate.high"]).toContain("above the low end, 1");
    expect(problems({ values: " ", scale: "values" })).toHaveProperty(["learning_rate.values"]);
    expect(problems({ role: "conditional" })).toHaveProperty(["learning_rate.when"]);
    expect(problems({ low: "0", scale: "log10" }, batch)).toHaveProperty(["batch_size.low"]);
  });

  it("reads a list of numbers, each once, and a condition", () => {
    const row = {
      ...rowOf(units, 32),
      role: "conditional" as const,
      scale: "values" as const,
      values: "16, 32 32;64",
      when: { name: "optimizer", values: ["adam"] },
    };
    expect(readSpace([row], task).space).toEqual({
      hidden_units: { values: [16, 32, 64], when: { optimizer: ["adam"] } },
    });
  });

  it("writes the rows of a space that was read", () => {
    const space = {
      learning_rate: { scale: "log10" as const, low: 0.002, high: 0.2 },
      hidden_units: { values: [16, 64], when: { optimizer: ["adam"] } },
      optimizer: { values: ["sgd", "adam"] },
    };
    expect(readSpace(rowsFrom(space, task), task).space).toEqual(space);
  });
});

it("counts the cells of a grid as they multiply", () => {
  expect(gridText(readSpace(rowsOf(task, {}), task))).toBe("5 × 5 × 5 = 125");
  expect(gridText(readSpace([rowOf(rule, "sgd")], task))).toBe("2");
  expect(gridText(readSpace([rowOf(rule, "sgd", "fixed")], task))).toBeNull();
});

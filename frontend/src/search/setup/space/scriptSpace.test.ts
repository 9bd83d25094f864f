import { expect, it } from "vitest";
import type { Hyperparameter } from "../../../api/types";
import { ownValues, rowsOfScript } from "./scriptSpace";
import { readSpace } from "./space";

const item = (name: string, tier: number, more: Partial<Hyperparameter> = {}): Hyperparameter => ({
  name,
  label: name,
  symbol: "",
  tier,
  kind: "float",
  scale: "log10",
  low: 0,
  high: 10,
  low_included: false,
  high_included: true,
  choices: [],
  default: 0.05,
  unit: "",
  when: "fork",
  help: "",
  optimizers: null,
  schedules: null,
  relative: false,
  ...more,
});
const rate = item("learning_rate", 1, { relative: true, when: "live" });
const hidden = item("hidden", 2, { kind: "int", scale: "log2", low: 1, high: 512, default: 8 });

it("searches the arguments of tier 1, and leaves the optimizer to the script", () => {
  const declared = [rate, item("lr", 1), hidden, item("beta", 3)];
  const rows = rowsOfScript(declared);
  expect(rows.map((row) => [row.name, row.role])).toEqual([
    ["lr", "searched"],
    ["hidden", "fixed"],
  ]);
  const read = readSpace(rows, declared, ownValues(declared));
  expect(read.space).toEqual({ lr: { scale: "log10", low: 0.005, high: 0.5 } });
});

it("searches the optimizer's learning rate where the script has no argument for it", () => {
  expect(rowsOfScript([rate, hidden]).map((row) => row.name)).toEqual(["learning_rate", "hidden"]);
});

it("begins around the values of a run, in whole numbers where those are needed", () => {
  const rows = rowsOfScript([item("lr", 1), { ...hidden, tier: 1 }], { lr: 0.5, hidden: 64 });
  expect(rows.map((row) => [row.low, row.high])).toEqual([
    ["0.05", "5"],
    ["6", "512"],
  ]);
});

/** What the learning rates that were tried tell. */
import { expect, test } from "vitest";
import { anEvent } from "../../api/exampleEvent";
import type { RunEvent } from "../../api/types";
import type { Series } from "../series";
import { farAbove, triedRates } from "./triedRates";

const changed = (step: number, rate: number): RunEvent =>
  anEvent("changed", { id: step, step, effective_step: step + 1, values: { learning_rate: rate } });
const tripped = (step: number): RunEvent =>
  ({ kind: "guard_tripped", id: step, step }) as unknown as RunEvent;

const costs = Array.from({ length: 300 }, (_, i) => (i < 100 ? 0.4 : i < 200 ? 0.2 : 0.6));
const cost: Series = {
  step: costs.map((_, i) => i + 1),
  value: costs,
  min: costs,
  max: costs,
  count: costs.map(() => 1),
};

test("each rate is said with how the cost went after it was set", () => {
  expect(triedRates([changed(100, 0.1), changed(200, 1)], 0.01, cost, 300)).toEqual([
    { rate: 0.01, outcome: "unknown", worked: true },
    { rate: 0.1, outcome: "better", worked: true },
    { rate: 1, outcome: "worse", worked: true },
  ]);
});

test("a rate that blew up did not work, however soon", () => {
  const tried = triedRates([changed(100, 5), tripped(104), changed(104, 0.1)], 0.01, cost, 110);

  expect(tried).toEqual([
    { rate: 0.01, outcome: "unknown", worked: true },
    { rate: 5, outcome: "worse", worked: false },
  ]);
});

test("a rate far above the highest that worked is noticed", () => {
  const tried = triedRates([changed(100, 5), tripped(104)], 0.05, cost, 104);

  expect(farAbove(tried, 5)).toEqual({ highest: 0.05, factor: 100 });
  expect(farAbove(tried, 0.2)).toBeNull();
  expect(farAbove([], 5)).toBeNull();
});

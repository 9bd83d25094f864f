/** What is said of several runs side by side. */
import { expect, test } from "vitest";
import type { Run } from "../api/types";
import type { Series } from "../domain/series";
import { commonTarget, differences, firstFork, readRunIds, stepTo, verdict } from "./comparison";

const run = (change: Partial<Run>): Run =>
  ({ family_id: 1, task: "digits", seed: 0, parent: null, mode: "min", ...change }) as Run;

test("only what differs is listed, with what was changed on the way", () => {
  const a = run({ initial_values: { learning_rate: 0.05 }, values: { learning_rate: 0.02, layers: 2 } });
  const b = run({ initial_values: { learning_rate: 0.02 }, values: { learning_rate: 0.02, layers: 2 } });

  expect(differences([a, b])).toEqual([{ name: "Learning rate", texts: ["0.05 → 0.02", "0.02"] }]);
});

test("the address names at most six runs, none twice", () => {
  expect(readRunIds("?runs=3,5,3,x,-1,6,7,8,9,10")).toEqual([3, 5, 6, 7, 8, 9]);
});

test("runs of one family have a first fork, others none", () => {
  const child = run({ parent: { run_id: 1, step: 300, checkpoint_id: 2 } });

  expect(firstFork([run({}), child])).toBe(300);
  expect(firstFork([run({}), { ...child, family_id: 2 }])).toBeNull();
});

test("who reaches a value first is said first, and who never does is said too", () => {
  const value = [0.5, 0.1, 0.05];
  const series: Series = { step: [20, 40, 60], value, min: value, max: value, count: [1, 1, 1] };

  expect([
    stepTo(series, 0.1, "min", 0),
    stepTo(series, 0.1, "min", 40),
    stepTo(series, 0.01, "min", 0),
  ]).toEqual([40, 60, null]);
  expect(stepTo(series, 0.0999999, "min", 0)).toBe(40); // the best of the run, with all its digits
  expect(verdict(["a", "b"], [null, 640], "val", 0.15, "min")).toBe(
    "“b” reaches val ≤ 0.150 at step 640, “a” never.",
  );
});

test("the target at first is one that all of them reach", () => {
  const best = (value: number) => run({ best: { value, step: 1, val_cost: value } });

  expect(commonTarget([best(0.1), best(0.3)])).toBe(0.3);
  expect(commonTarget([best(0.1), run({ best: null })])).toBeNull();
});

/** A best trial is compared by its mean over seeds. */
import { expect, test } from "vitest";
import type { Search, Trial } from "../api/searches";
import { luckOf, luckText, unrepeated } from "./luck";

const trial = (number: number, cost: number | null, repeatOf: number | null = null): Trial =>
  ({
    number,
    run_id: number * 10,
    value: cost,
    loss: cost,
    fits: repeatOf === null && cost !== null,
    repeat_of: repeatOf,
  }) as unknown as Trial;

const searchOf = (costs: number[], repeated: number[]): Search =>
  ({
    best_run_id: 10,
    objective: "val/cost",
    mode: "min",
    trials: costs.map((cost, i) => trial(i + 1, cost)),
    repeats: repeated.length > 0 ? [{ run_id: 10, objective_values: repeated, mean: 0, spread: 0 }] : [],
  }) as unknown as Search;

test("a trial that was not repeated tells nothing of luck", () => {
  expect(luckOf(searchOf([0.12, 0.16], []))).toBeNull();
});

test("the mean over its seeds is set beside trials with one better result", () => {
  const luck = luckOf(searchOf([0.1, 0.155, 0.16, 0.3], [0.2, 0.2, 0.2]));

  expect(luck?.text).toBe("0.175 ± 0.050 over 4 seeds");
  expect(luck && luckText(luck)).toBe("Not better than trials 2 and 3 (0.155–0.160, one seed each).");
});

test("a trial that stays the best is not doubted", () => {
  const luck = luckOf(searchOf([0.1, 0.3], [0.11, 0.12]));

  expect(luck && luckText(luck)).toBe("");
});

test("many better trials are counted", () => {
  const luck = luckOf(searchOf([0.1, 0.11, 0.12, 0.13, 0.14], [0.5, 0.5]));

  expect(luck && luckText(luck)).toBe(
    "Not better than trials 2, 3, 4 and 1 other (0.110–0.140, one seed each).",
  );
});

test("of the best trials those are repeated that were not yet", () => {
  expect(unrepeated(searchOf([0.1, 0.2, 0.3], [0.1]), 2)).toEqual([20]);
});

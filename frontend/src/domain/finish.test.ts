/** The sentence about a run that is over. */
import { expect, test } from "vitest";
import type { Run } from "../api/types";
import { bestText, finishText } from "./finish";
import type { Series } from "./series";

const seriesOf = (points: [number, number][]): Series => {
  const value = points.map(([, value]) => value);
  return { step: points.map(([step]) => step), value, min: value, max: value, count: value.map(() => 1) };
};

const runOf = (change: Partial<Run>): Run =>
  ({
    status: "finished",
    step: 1000,
    parent: null,
    objective: "val/cost",
    mode: "min",
    latest: { active_s: 1.2 },
    ...change,
  }) as Run;

test("how long it took is said of a run, and not of a branch, whose time begins with its ancestors", () => {
  expect(finishText(runOf({}))).toBe("Finished 1,000 steps in 1 s.");
  expect(finishText(runOf({ status: "stopped", parent: { run_id: 1, step: 5, checkpoint_id: 2 } }))).toBe(
    "Stopped after 1,000 steps.",
  );
});

const best = { step: 660, value: 0.119, val_cost: 0.119 };
const val = seriesOf([
  [660, 0.119],
  [1000, 0.164],
]);

test("an end above the best is named, with a falling training cost as a sign of overfitting", () => {
  const falling = seriesOf([
    [660, 0.1],
    [1000, 0.05],
  ]);
  const rising = seriesOf([
    [660, 0.1],
    [1000, 0.2],
  ]);

  expect(bestText(runOf({ best }), val, falling)).toBe(
    "Best val 0.119 at 660; the end is 0.164 (38 % worse: overfitting?).",
  );
  expect(bestText(runOf({ best }), val, rising)).toBe(
    "Best val 0.119 at 660; the end is 0.164 (38 % worse).",
  );
});

test("a best at the end is said to be there", () => {
  expect(bestText(runOf({ best: { step: 1000, value: 0.164, val_cost: 0.164 } }), val, undefined)).toBe(
    "Best val 0.164, at the end.",
  );
});

test("a run that was never evaluated has no best", () => {
  expect(bestText(runOf({ best: null }), undefined, undefined)).toBe("");
});

/** What a change did, read from the curves. */
import { expect, test } from "vitest";
import { anEvent } from "../../api/exampleEvent";
import type { Series } from "../series";
import { changeOf, effectOf, effectOnCost, effectText } from "./effect";

const seriesOf = (values: number[], every = 1, count = 1): Series => ({
  step: values.map((_, i) => (i + 1) * every),
  value: values,
  min: values,
  max: values,
  count: values.map(() => count),
});

const falling = seriesOf(Array.from({ length: 300 }, (_, i) => (i < 100 ? 0.4 : 0.2)));

test("the mean of the steps before a change is compared with the mean some steps later", () => {
  expect(effectOf(falling, 100, 200)).toEqual({
    before: expect.closeTo(0.4) as number,
    after: expect.closeTo(0.2) as number,
    steps: 100,
  });
});

test("soon after a change only steps with the new value count", () => {
  expect(effectOf(falling, 100, 103)?.after).toBeCloseTo(0.2);
  expect(effectOf(falling, 100, 100)).toBeNull();
});

test("an evaluation that is older than the change says nothing about it", () => {
  const evaluations = seriesOf([0.5, 0.4, 0.3], 50); // at steps 50, 100, 150

  expect(effectOf(evaluations, 110, 140)).toBeNull();
  expect(effectOf(evaluations, 110, 160)).toEqual({ before: 0.4, after: 0.3, steps: 50 });
});

test("a merged point from both sides of a change is no evidence", () => {
  const merged = seriesOf([0.6, 0.5, 0.4], 100, 100); // of steps 1–100, 101–200, 201–300

  expect(effectOf(merged, 150, 200)).toBeNull();
  expect(effectOf(merged, 200, 300)).toEqual({ before: 0.5, after: 0.4, steps: 100 });
});

test("a cost that is no longer a number is said", () => {
  const broken = seriesOf([0.5, 0.5, NaN, NaN]);

  expect(effectText("train", effectOf(broken, 2, 4) as NonNullable<ReturnType<typeof effectOf>>)).toBe(
    "train 0.500 → NaN",
  );
});

test.each([
  [0.42, 0.31, "−26 %"],
  [0.31, 0.42, "+35 %"],
  [0.4, 0.4001, "±0 %"],
  [0.1, 40, "×400"],
  [0.5, 0.001, "÷500"],
  [0, 1, ""],
  [-0.5, -0.6, "−20 %"],
])("from %s to %s is %s", (before, after, text) => {
  expect(changeOf({ before, after, steps: 100 })).toBe(text);
});

test("an effect is final after 100 steps, or where the next change begins", () => {
  const change = anEvent("changed", { id: 1, step: 100, effective_step: 101 });
  const next = anEvent("changed", { id: 2, step: 150, effective_step: 151 });

  expect(effectOnCost(change, [change], falling)).toEqual({
    text: "100 steps later: train 0.400 → 0.200 (−50 %)",
    isFinal: true,
  });
  expect(effectOnCost(change, [change, next], falling).text).toMatch(/^50 steps later/);
  expect(effectOnCost(change, [change], seriesOf(falling.value.slice(0, 120))).isFinal).toBe(false);
});

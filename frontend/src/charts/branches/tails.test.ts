/** How other branches are named on a chart. */
import { expect, test } from "vitest";
import type { Series } from "../../domain/series";
import { emptyCurves } from "../../state/state";
import { branchTails, branchText, tailLabels, tailsAbove } from "./tails";

const seriesOf = (step: number[], value: number[]): Series => {
  return { step, value, min: value, max: value, count: value.map(() => 1) };
};
const branch = (runId: number, name: string, end: number) => ({
  runId,
  name,
  from: 300,
  raw: {
    "train/cost": seriesOf([301, 400], [0.5, end - 0.1]),
    "val/cost": seriesOf([320, 400], [0.5, end]),
  },
});
const viewport = {
  from: 0,
  to: 500,
  columns: 500,
  axis: { kind: "step" as const, steps: [0, 1], xs: [0, 1] },
};
const names = ["train/cost", "val/cost"];
const curves = { ...emptyCurves(20), branches: [branch(1, "kill-me", 0.17), branch(2, "far up", 40)] };
const box = { width: 600, height: 300, left: 50, right: 50, top: 0, bottom: 0 };
const frame = { box, x: [0, 500] as [number, number], y: [0, 1] as [number, number], log: false };

test("a branch is named with where it parted and its newest validation cost", () => {
  expect(branchText(branch(1, "kill-me", 0.17))).toBe("kill-me from 300 · val 0.170");
  expect(branchText({ ...branch(1, "x".repeat(40), 1), raw: {} })).toBe(`${"x".repeat(21)}… from 300`);
});

test("only its validation cost is drawn, and its training cost too while it is pointed at", () => {
  const plain = branchTails(curves, names, viewport, { hiddenBranches: [], litBranch: null }, "#777777");
  const lit = branchTails(curves, names, viewport, { hiddenBranches: [], litBranch: 1 }, "#777777");

  expect(plain.traces).toHaveLength(2);
  expect(plain.tails.map(({ step, value }) => [step, value])).toEqual([
    [400, 0.17],
    [400, 40],
  ]);
  expect(lit.traces).toHaveLength(3);
});

test("a hidden branch is neither drawn nor named", () => {
  const { traces, tails } = branchTails(
    curves,
    names,
    viewport,
    { hiddenBranches: [1, 2], litBranch: 1 },
    "#777777",
  );

  expect([traces, tails]).toEqual([[], []]);
});

test("a branch above the range is counted and does not get a name in the plot", () => {
  const { tails } = branchTails(curves, names, viewport, { hiddenBranches: [], litBranch: null }, "#777777");

  expect(tailsAbove(tails, frame)).toBe(1);
  expect(tailLabels(tails, frame, viewport.axis)).toEqual([
    { runId: 1, text: "kill-me from 300 · val 0.170", lit: false, x: 450, y: 249 },
  ]);
});

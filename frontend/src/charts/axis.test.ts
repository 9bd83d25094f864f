/** Every axis is a rising function of the step. */
import { expect, test } from "vitest";
import type { Run, RunEvent } from "../api/types";
import type { OpenRun } from "../state/state";
import { axisOf, makeAxis, toStep, toX } from "./axis";

const START = Date.parse("2026-01-01T00:00:00Z");
const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString();

const run = {
  initial_values: { batch_size: 10 },
  values: { batch_size: 20 },
  train_size: 100,
  step: 40,
  status: "finished",
  started_at: at(0),
  created_at: at(0),
  ended_at: at(70),
  parent: null,
  steps_per_s: 1,
} as unknown as Run;

function event(step: number, seconds: number, fields: Partial<RunEvent>): RunEvent {
  return { id: step, run_id: 1, attempt: 1, seq: 1, step, at: at(seconds), kind: "", ...fields };
}

test("epochs count examples, also after the batch size changed", () => {
  const changed = event(20, 20, { kind: "changed", after: { batch_size: 20 }, effective_step: 21 });

  const axis = makeAxis("epoch", run, [changed], START);

  expect(toX(axis, 10)).toBeCloseTo(1);
  expect(toX(axis, 20)).toBeCloseTo(2);
  expect(toX(axis, 25)).toBeCloseTo(3);
  expect(toStep(axis, 3)).toBeCloseTo(25);
});

test("active time leaves pauses out", () => {
  const events = [
    event(0, 0, { kind: "status_changed", status: "running" }),
    event(20, 20, { kind: "status_changed", status: "paused" }),
    event(20, 50, { kind: "status_changed", status: "running" }),
    event(40, 70, { kind: "status_changed", status: "finished" }),
  ];

  const axis = makeAxis("active", run, events, START);

  expect(toX(axis, 20)).toBeCloseTo(20);
  expect(toX(axis, 30)).toBeCloseTo(30);
  expect(toX(axis, 40)).toBeCloseTo(40);
});

test("steps are steps", () => {
  const axis = makeAxis("step", run, [], START);

  expect(toX(axis, 123)).toBe(123);
  expect(toStep(axis, 7)).toBe(7);
});

test("what the worker recorded counts more than what events suggest", () => {
  const column = [2, 4, 6, 8];
  const raw = {
    active_s: { step: [10, 20, 30, 40], value: column, min: column, max: column, count: [10, 10, 10, 10] },
  };
  const open = { run, events: [], inherited: [], curves: { raw } } as unknown as OpenRun;

  const axis = axisOf("active", open, START);

  expect(toX(axis, 15)).toBeCloseTo(3);
  expect(toStep(axis, 7)).toBeCloseTo(35);
});

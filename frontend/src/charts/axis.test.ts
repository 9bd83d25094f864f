/** Every axis is a rising function of the step. */
import { expect, test } from "vitest";
import { anEvent } from "../api/exampleEvent";
import type { Run, RunStatus } from "../api/types";
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

const status = (step: number, seconds: number, to: RunStatus) =>
  anEvent("status_changed", { step, at: at(seconds), status: to });

test("epochs count examples, also after the batch size changed", () => {
  const changed = anEvent("changed", { after: { batch_size: 20 }, effective_step: 21 });

  const axis = makeAxis("epoch", run, [changed], START);

  expect(toX(axis, 10)).toBeCloseTo(1);
  expect(toX(axis, 20)).toBeCloseTo(2);
  expect(toX(axis, 25)).toBeCloseTo(3);
  expect(toStep(axis, 3)).toBeCloseTo(25);
});

test("active time leaves pauses out", () => {
  const events = [
    status(0, 0, "running"),
    status(20, 20, "paused"),
    status(20, 50, "running"),
    status(40, 70, "finished"),
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

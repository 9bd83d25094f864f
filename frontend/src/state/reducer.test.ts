/** What the page knows after each message, live or from an old run. */
import { describe, expect, test } from "vitest";
import { anEvent } from "../api/exampleEvent";
import type { EventOf, PointsMessage, Run, WireSeries } from "../api/types";
import { parseSeries } from "../domain/series";
import { reduce } from "./reducer";
import type { PageState } from "./state";
import { initialState } from "./state";

const NOW = 1_000;

const aRun = (fields: Partial<Run> = {}): Run =>
  ({
    id: 1,
    name: "spirals-demo",
    status: "running",
    reason: null,
    step: 0,
    steps: 100,
    values: { learning_rate: 0.01, momentum: 0.9 },
    initial_values: {},
    allowed: [],
    pending: [],
    latest: {},
    ...fields,
  }) as unknown as Run;

const saved = (id: number, fields: Partial<EventOf<"checkpoint_saved">> = {}) =>
  anEvent("checkpoint_saved", { id, step: id, ...fields });

const wire = (steps: number[], value = 1): WireSeries => ({
  step: steps,
  value: steps.map(() => value),
  min: steps.map(() => value),
  max: steps.map(() => value),
  count: steps.length,
  counts: steps.map(() => 1),
});

const points = (from: number, to: number, run = 1): PointsMessage => ({
  run_id: run,
  from_step: from,
  to_step: to,
  series: { "train/cost": wire(Array.from({ length: to - from + 1 }, (_, i) => from + i)) },
});

const opened = (): PageState =>
  reduce(initialState(), { type: "opened", run: aRun(), events: [saved(1)], at: NOW });

describe("events", () => {
  test("an event that a reconnect repeats changes nothing", () => {
    const page = opened();

    const again = reduce(page, { type: "event", event: saved(1), at: NOW });

    expect(again).toBe(page);
  });

  test("a change is in the list, in the values, and answers its command", () => {
    const asked = reduce(opened(), {
      type: "command_sent",
      runId: 1,
      command: { commandId: 5, kind: "set", sentAt: NOW },
    });
    const event = anEvent("changed", {
      id: 2,
      command_id: 5,
      before: { learning_rate: 0.01 },
      after: { learning_rate: 0.005 },
      values: { learning_rate: 0.005 },
    });

    const { open } = reduce(asked, { type: "event", event, at: NOW });

    expect(open?.events.length).toBe(2);
    expect(open?.run.values["learning_rate"]).toBe(0.005);
    expect(open?.sentCommands).toEqual([]);
    expect(open?.lastEventId).toBe(2);
  });

  test("a command whose answer came before its response is not waited for", () => {
    const event = anEvent("applied", { id: 2, command_id: 5, command_kind: "pause" });
    const answered = reduce(opened(), { type: "event", event, at: NOW });

    const { open } = reduce(answered, {
      type: "command_sent",
      runId: 1,
      command: { commandId: 5, kind: "pause", sentAt: NOW },
    });

    expect(open?.sentCommands).toEqual([]);
  });

  test("a changed status is shown before the next run message", () => {
    const event = anEvent("status_changed", { id: 2, status: "paused", reason: "guard", step: 40 });

    const { open } = reduce(opened(), { type: "event", event, at: NOW });

    expect([open?.run.status, open?.run.reason, open?.run.step]).toEqual(["paused", "guard", 40]);
  });

  test("an event of another run is no news for the open one", () => {
    const page = opened();

    expect(reduce(page, { type: "event", event: saved(9, { run_id: 2 }), at: NOW })).toBe(page);
  });
});

describe("points", () => {
  test("points grow the curves and their smoothed twin", () => {
    const { open } = reduce(opened(), { type: "points", points: points(1, 10), at: NOW });

    expect(open?.curves.raw["train/cost"]?.step.length).toBe(10);
    expect(open?.curves.smooth["train/cost"]?.value.at(-1)).toBeCloseTo(1);
    expect(open?.curves.lastStep).toBe(10);
  });

  test("every message moves the version, so that charts know", () => {
    const one = reduce(opened(), { type: "points", points: points(1, 10), at: NOW });
    const two = reduce(one, { type: "points", points: points(11, 20), at: NOW });

    expect(two.open?.curves.version).toBeGreaterThan(one.open?.curves.version ?? 0);
  });

  test("points that came before the overview are kept behind it", () => {
    const live = reduce(opened(), { type: "points", points: points(51, 60), at: NOW });
    const raw = { "train/cost": parseSeries(wire(Array.from({ length: 50 }, (_, i) => i + 1))) };

    const { open } = reduce(live, {
      type: "curves",
      runId: 1,
      raw,
      smooth: {},
      smoothSteps: 20,
      lastStep: 50,
    });

    expect(open?.curves.raw["train/cost"]?.step.length).toBe(60);
    expect(open?.curves.lastStep).toBe(60);
    expect(open?.curves.loaded).toBe(true);
  });

  test("a gap is closed by the stretch that was fetched for it", () => {
    let page = reduce(opened(), { type: "points", points: points(1, 10), at: NOW });
    page = reduce(page, { type: "points", points: points(21, 30), at: NOW });
    const raw = {
      "train/cost": parseSeries(
        wire(
          Array.from({ length: 20 }, (_, i) => i + 11),
          3,
        ),
      ),
    };

    page = reduce(page, { type: "range", runId: 1, raw, lastStep: 30 });

    const cost = page.open?.curves.raw["train/cost"];
    expect(cost?.step).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    expect(page.open?.curves.smooth["train/cost"]?.step.length).toBe(30);
  });

  test("constants are never smoothed", () => {
    const rates: PointsMessage = { ...points(1, 3), series: { learning_rate: wire([1, 2, 3]) } };

    const { open } = reduce(opened(), { type: "points", points: rates, at: NOW });

    expect(open?.curves.smooth["learning_rate"]).toBeUndefined();
  });
});

describe("runs and toasts", () => {
  test("a run message updates the open run and the list", () => {
    const page = reduce(reduce(opened(), { type: "runs", runs: [aRun()] }), {
      type: "run",
      run: aRun({ step: 7 }),
      at: NOW,
    });

    expect(page.open?.run.step).toBe(7);
    expect(page.runs[0]?.step).toBe(7);
  });

  test("signing out forgets the run", () => {
    expect(reduce(opened(), { type: "signed_out" }).open).toBeNull();
  });

  test("one toast is shown at a time, so that the page below stays in sight", () => {
    let page = initialState();
    for (let id = 1; id <= 9; id++) {
      page = reduce(page, {
        type: "toast",
        toast: { id, text: String(id), tone: "plain", actions: [], why: null },
      });
    }

    expect(page.toasts.map((toast) => toast.id)).toEqual([9]);
  });
});

test("series that come later join what was streamed meanwhile, and hide no gap", () => {
  const live = { run_id: 1, from_step: 9, to_step: 10, series: { epoch: wire([9, 10]) } };
  const page = reduce(opened(), { type: "points", points: live, at: NOW });

  const rest = { epoch: parseSeries(wire([1, 5, 9, 12])) };
  const next = reduce(page, { type: "rest", runId: 1, raw: rest });

  expect(next.open?.curves.raw["epoch"]?.step).toEqual([1, 5, 9, 12]);
  expect(next.open?.curves.lastStep).toBe(10);
});

test("a message of the stream leaves what the script declared as it was", () => {
  const script = { path: "train.py" };
  const declared = { hyperparameters: [], steps: 9 };
  const parts = [{ name: "model" }];
  const run = { ...aRun(), script, declared, parts } as unknown as Run;
  const page = reduce(initialState(), { type: "opened", run, events: [], at: NOW });

  const { open } = reduce(page, { type: "run", run: aRun({ step: 7, parts: [] }), at: NOW });

  expect(open?.run).toMatchObject({ step: 7, script, declared, parts });
});

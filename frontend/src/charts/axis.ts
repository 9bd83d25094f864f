/** What stands below the curves: steps, epochs, examples, time. Each is a rising function of the step. */
import type { Run, RunEvent } from "../api/types";
import { firstIndexFrom } from "../domain/series";
import type { AxisKind, OpenRun } from "../state/state";
import { AXIS_SERIES } from "../state/state";

export const AXIS_LABELS: Record<AxisKind, string> = {
  step: "Step",
  epoch: "Epoch",
  examples: "Examples",
  active: "Active time",
  clock: "Clock time",
};

/** Anchors of a piecewise linear, rising function; outside it goes on with the last slope. */
export interface Axis {
  kind: AxisKind;
  steps: number[];
  xs: number[];
}

/** For clock time x is ms of the local wall clock since 1970, for active time seconds, else counts. */
export function axisOf(kind: AxisKind, open: OpenRun, now: number): Axis {
  const recorded = open.curves.raw[AXIS_SERIES[kind] ?? ""];
  if (!recorded || recorded.step.length < 2) {
    return makeAxis(kind, open.run, [...open.inherited, ...open.events], now);
  }
  const axis: Axis = { kind, steps: [], xs: [] };
  recorded.step.forEach((step, i) => {
    // All of these rise, so the greatest of a merged point is the one at its step.
    const value = recorded.max[i] as number;
    const x = kind === "clock" ? wallClock(value * 1000) : value;
    if (Number.isFinite(x) && x > (axis.xs.at(-1) ?? -Infinity)) {
      axis.xs.push(x);
      axis.steps.push(step);
    }
  });
  return axis.xs.length < 2 ? makeAxis(kind, open.run, open.events, now) : axis;
}

/** The same from events alone, for runs that recorded nothing of the kind. */
export function makeAxis(kind: AxisKind, run: Run, events: RunEvent[], now: number): Axis {
  switch (kind) {
    case "step":
      return { kind, steps: [0, 1], xs: [0, 1] };
    case "epoch":
      return examplesAxis(kind, run, events, run.train_size ?? 1);
    case "examples":
      return examplesAxis(kind, run, events, 1);
    case "active":
      return timeAxis(kind, run, events, now);
    case "clock":
      return timeAxis(kind, run, events, now);
  }
}

function examplesAxis(kind: AxisKind, run: Run, events: RunEvent[], per: number): Axis {
  let batch = Number(run.initial_values["batch_size"] ?? run.values["batch_size"] ?? 1) || 1;
  const steps = [0];
  const xs = [0];
  for (const event of events) {
    const next = event.kind === "changed" ? event.after["batch_size"] : undefined;
    if (event.kind !== "changed" || typeof next !== "number") continue;
    const at = event.effective_step - 1;
    const last = steps.at(-1) as number;
    if (at > last) {
      xs.push((xs.at(-1) as number) + ((at - last) * batch) / per);
      steps.push(at);
    }
    batch = next;
  }
  const last = steps.at(-1) as number;
  steps.push(last + 1);
  xs.push((xs.at(-1) as number) + batch / per);
  return { kind, steps, xs };
}

/** Time is known at the events and now; between them steps are taken as evenly spread. */
function timeAxis(kind: AxisKind, run: Run, events: RunEvent[], now: number): Axis {
  const steps: number[] = [];
  const xs: number[] = [];
  let pausedSince: number | null = null;
  let paused = 0; // ms
  const start = Date.parse(run.started_at ?? run.created_at);
  const add = (step: number, at: number) => {
    const x = kind === "clock" ? wallClock(at) : (at - start - paused) / 1000;
    const [lastStep, lastX] = [steps.at(-1) ?? -1, xs.at(-1) ?? -Infinity];
    if (step > lastStep && x > lastX) {
      steps.push(step);
      xs.push(x);
    }
  };
  for (const event of events) {
    const at = Date.parse(event.at);
    if (event.kind === "status_changed" && pausedSince !== null && event.status !== "paused") {
      paused += at - pausedSince;
      pausedSince = null;
    }
    if (pausedSince === null) add(event.step, at);
    if (event.kind === "status_changed" && event.status === "paused") pausedSince = at;
  }
  if (run.status === "running") add(run.step, now);
  else if (run.ended_at && pausedSince === null) add(run.step, Date.parse(run.ended_at));
  if (steps.length === 0) add(run.parent?.step ?? 0, start);
  if (steps.length === 1) add((steps[0] as number) + 1, start + paused + 1000 / (run.steps_per_s || 1));
  return { kind, steps, xs };
}

/** Plotly writes times as UTC; shifting by the zone makes it write the wall clock. */
const wallClock = (ms: number): number => ms - new Date(ms).getTimezoneOffset() * 60_000;

export const toX = (axis: Axis, step: number): number => interpolate(axis.steps, axis.xs, step);
export const toStep = (axis: Axis, x: number): number => interpolate(axis.xs, axis.steps, x);

function interpolate(from: number[], to: number[], at: number): number {
  const i = Math.min(Math.max(1, firstIndexFrom(from, at)), from.length - 1);
  const [x0, x1] = [from[i - 1] as number, from[i] as number];
  const [y0, y1] = [to[i - 1] as number, to[i] as number];
  return x1 === undefined || y1 === undefined ? y0 : y0 + ((at - x0) / (x1 - x0)) * (y1 - y0);
}

/** What each message makes of the page's state. Pure: no DOM, no network, no clock. */
import type { PointsMessage, Run, RunEvent } from "../api/types";
import type { Series } from "./curves";
import { append, emptySeries, fromWire, lastStep, splice } from "./curves";
import type { CurveSet, Message, OpenRun, PageState } from "./page";
import { emptyCurves } from "./page";
import { continueSmooth } from "./smoothing";

/** Smoothed is the noisy curve of every step; settings and sparse measurements are drawn as they are. */
export const SMOOTHED = ["train/cost"];
/** A toast lies over the page: one at a time, the newest. What older ones said stands in the journal. */
const TOASTS_MAX = 1;

export const reduce = (state: PageState, message: Message): PageState => asSeen(next(state, message));

/** For whom nothing is allowed, no control is. */
function asSeen(state: PageState): PageState {
  const run = state.open?.run;
  if (state.session !== "viewer" || !state.open || !run || run.allowed.length === 0) return state;
  return { ...state, open: { ...state.open, run: { ...run, allowed: [] } } };
}

function next(state: PageState, message: Message): PageState {
  switch (message.type) {
    case "signed_in":
      return { ...state, session: message.role };
    case "signed_out":
      return { ...state, session: "signed_out", open: null };
    case "tasks":
      return { ...state, tasks: message.tasks, tasksReady: message.ready };
    case "runs":
      return { ...state, runs: message.runs, runsLoaded: true };
    case "opening":
      return { ...state, open: null, openProblem: null };
    case "open_failed":
      return { ...state, open: null, openProblem: message.problem };
    case "opened":
      return { ...state, open: opened(state, message), openProblem: null };
    case "run":
      return withRun(state, message.run, message.at);
    case "connection":
      return { ...state, connection: message.connection };
    case "view":
      return { ...state, view: { ...state.view, ...message.change } };
    case "toast":
      return { ...state, toasts: [...state.toasts, message.toast].slice(-TOASTS_MAX) };
    case "toast_closed":
      return { ...state, toasts: state.toasts.filter((toast) => toast.id !== message.id) };
    default: {
      const open = reduceOpen(state.open, message);
      return open === state.open ? state : { ...state, open };
    }
  }
}

type AboutOpenRun = Exclude<
  Message,
  {
    type:
      | "signed_in" | "signed_out" | "tasks" | "runs" | "opening" | "open_failed" | "opened"
      | "run" | "connection" | "view" | "toast" | "toast_closed";
  }
>;

/** Messages about a run that is no longer open change nothing. */
function reduceOpen(open: OpenRun | null, message: AboutOpenRun): OpenRun | null {
  if (open === null || runOf(message) !== open.run.id) return open;
  switch (message.type) {
    case "event":
      return applyEvent(open, message.event, message.at);
    case "points":
      return { ...open, curves: withPoints(open.curves, message.points), heardAt: message.at };
    case "curves":
      return { ...open, curves: withCurves(open.curves, message) };
    case "rest":
      return { ...open, curves: withRest(open.curves, message.raw) };
    case "stretch":
      return { ...open, curves: withStretch(open.curves, message.raw, message.lastStep) };
    case "detail":
      return { ...open, curves: moved(open.curves, { detail: message.detail }) };
    case "branches":
      return { ...open, curves: moved(open.curves, { branches: message.branches }) };
    case "inherited":
      return { ...open, inherited: message.events, inheritedCheckpoints: message.checkpoints };
    case "checkpoints":
      return { ...open, checkpoints: message.checkpoints };
    case "family":
      return { ...open, family: message.family };
    case "picture":
      return { ...open, picture: message.picture };
    case "asked":
      return { ...open, asked: [...open.asked, message.asked] };
    case "answered":
      return { ...open, asked: open.asked.filter((asked) => asked.commandId !== message.commandId) };
  }
}

function runOf(message: AboutOpenRun): number {
  if (message.type === "event") return message.event.run_id;
  if (message.type === "points") return message.points.run_id;
  return message.runId;
}

function opened(state: PageState, message: Extract<Message, { type: "opened" }>): OpenRun {
  return {
    run: message.run,
    events: message.events,
    inherited: [],
    checkpoints: [],
    inheritedCheckpoints: [],
    family: null,
    picture: null,
    curves: emptyCurves(state.view.smoothSteps),
    asked: [],
    lastEventId: message.events.at(-1)?.id ?? 0,
    heardAt: message.at,
  };
}

function withRun(state: PageState, run: Run, at: number): PageState {
  const listed = state.runs.some((known) => known.id === run.id);
  const runs = listed
    ? state.runs.map((known) => (known.id === run.id ? run : known))
    : [run, ...state.runs];
  if (state.open?.run.id !== run.id) return { ...state, runs };
  return { ...state, runs, open: { ...state.open, run, heardAt: at } };
}

/** One event of the open run. The same list of events draws a live run and an old one. */
export function applyEvent(open: OpenRun, event: RunEvent, at: number): OpenRun {
  if (event.id <= open.lastEventId) return open; // a reconnect may repeat an event
  const events = [...open.events, event];
  const asked =
    event.command_id && answers(event)
      ? open.asked.filter((one) => one.commandId !== event.command_id)
      : open.asked;
  return { ...open, events, asked, run: eventOnRun(open.run, event), lastEventId: event.id, heardAt: at };
}

const ANSWERS = new Set(["changed", "applied", "refused", "change_scheduled", "status_changed"]);
const answers = (event: RunEvent): boolean => ANSWERS.has(event.kind);

/** What an event says about the run itself, so that the page need not wait for the next `run`. */
function eventOnRun(run: Run, event: RunEvent): Run {
  const step = Math.max(run.step, event.step);
  if (event.kind === "status_changed" && event.status) {
    return { ...run, step, status: event.status, reason: event.reason ?? null };
  }
  if (event.kind === "changed" && event.values) {
    return { ...run, step, values: { ...run.values, ...event.values } };
  }
  return step === run.step ? run : { ...run, step };
}

function withPoints(curves: CurveSet, points: PointsMessage): CurveSet {
  for (const [name, wire] of Object.entries(points.series)) {
    const raw = (curves.raw[name] ??= emptySeries());
    append(raw, fromWire(wire));
    continueOne(curves, name);
  }
  return moved(curves, { lastStep: Math.max(curves.lastStep, points.to_step) });
}

function continueOne(curves: CurveSet, name: string): void {
  const raw = curves.raw[name];
  if (!raw || !SMOOTHED.includes(name) || curves.smoothSteps <= 1) return;
  continueSmooth((curves.smooth[name] ??= emptySeries()), raw, curves.smoothSteps);
}

/** An overview came: it replaces what is there, except for live points that are newer than it. */
function withCurves(curves: CurveSet, message: Extract<Message, { type: "curves" }>): CurveSet {
  const raw: Record<string, Series> = { ...message.raw };
  for (const [name, live] of Object.entries(curves.raw)) append((raw[name] ??= emptySeries()), live);
  const next = moved(curves, {
    loaded: true,
    raw,
    smooth: { ...message.smooth },
    smoothSteps: message.smoothSteps,
    lastStep: Math.max(curves.lastStep, message.lastStep, ...Object.values(raw).map(lastStep)),
  });
  for (const name of Object.keys(raw)) continueOne(next, name);
  return next;
}

/** Series that nobody waited for; live points may have come before them. They say nothing of gaps in the others. */
function withRest(curves: CurveSet, rest: Record<string, Series>): CurveSet {
  for (const [name, series] of Object.entries(rest)) splice((curves.raw[name] ??= emptySeries()), series);
  return moved(curves, {});
}

/** A gap was refetched. Smoothed tails that were drawn across the gap are drawn again. */
function withStretch(curves: CurveSet, stretch: Record<string, Series>, upTo: number): CurveSet {
  for (const [name, series] of Object.entries(stretch)) {
    const first = series.step[0];
    splice((curves.raw[name] ??= emptySeries()), series);
    const smooth = curves.smooth[name];
    if (smooth && first !== undefined) cutFrom(smooth, first);
    continueOne(curves, name);
  }
  return moved(curves, { lastStep: Math.max(curves.lastStep, upTo) });
}

function cutFrom(series: Series, step: number): void {
  const keep = series.step.findIndex((known) => known >= step);
  if (keep < 0) return;
  for (const column of [series.step, series.value, series.min, series.max, series.count]) column.length = keep;
}

const moved = (curves: CurveSet, change: Partial<CurveSet>): CurveSet => ({
  ...curves,
  ...change,
  version: curves.version + 1,
});

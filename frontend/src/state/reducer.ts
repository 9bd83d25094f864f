/** What each message makes of the page's state. Pure: no DOM, no network, no clock. */
import type { PointsMessage, Run, RunEvent } from "../api/types";
import { answers } from "../domain/changes/answers";
import type { Series } from "../domain/series";
import { append, emptySeries, lastStep, parseSeries, splice } from "../domain/series";
import { continueSmoothed } from "../domain/smoothing";
import type { CurveSet, Message, OpenRun, PageState, SentCommand } from "./state";
import { emptyCurves } from "./state";

/** Smoothed is the noisy curve of every step; settings and sparse measurements are drawn as they are. */
export const SMOOTHED = ["train/cost"];
/** A toast lies over the page: one at a time, the newest. What older ones said stands in the journal. */
const TOASTS_MAX = 1;

export const reduce = (state: PageState, message: Message): PageState =>
  withPermissions(reducePage(state, message));

/** For whom nothing is allowed, no control is. */
function withPermissions(state: PageState): PageState {
  const run = state.open?.run;
  if (state.session !== "viewer" || !state.open || !run || run.allowed.length === 0) return state;
  return { ...state, open: { ...state.open, run: { ...run, allowed: [] } } };
}

function reducePage(state: PageState, message: Message): PageState {
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

type OpenRunMessage = Exclude<
  Message,
  {
    type:
      | "signed_in"
      | "signed_out"
      | "tasks"
      | "runs"
      | "opening"
      | "open_failed"
      | "opened"
      | "run"
      | "connection"
      | "view"
      | "toast"
      | "toast_closed";
  }
>;

/** Messages about a run that is no longer open change nothing. */
function reduceOpen(open: OpenRun | null, message: OpenRunMessage): OpenRun | null {
  if (open === null || runIdOf(message) !== open.run.id) return open;
  switch (message.type) {
    case "event":
      return applyEvent(open, message.event, message.at);
    case "points":
      return { ...open, curves: withPoints(open.curves, message.points), lastMessageAt: message.at };
    case "curves":
      return { ...open, curves: withCurves(open.curves, message) };
    case "rest":
      return { ...open, curves: withRest(open.curves, message.raw) };
    case "range":
      return { ...open, curves: withRange(open.curves, message.raw, message.lastStep) };
    case "detail":
      return { ...open, curves: withNextVersion(open.curves, { detail: message.detail }) };
    case "branches":
      return { ...open, curves: withNextVersion(open.curves, { branches: message.branches }) };
    case "inherited":
      return { ...open, inherited: message.events, inheritedCheckpoints: message.checkpoints };
    case "checkpoints":
      return { ...open, checkpoints: message.checkpoints };
    case "family":
      return { ...open, family: message.family };
    case "picture":
      return { ...open, picture: message.picture };
    case "command_sent":
      return withCommand(open, message.command);
  }
}

/** The answer may come before the response that says which command was sent. */
const withCommand = (open: OpenRun, command: SentCommand): OpenRun =>
  open.events.some((event) => answers(event, command.commandId))
    ? open
    : { ...open, sentCommands: [...open.sentCommands, command] };

function runIdOf(message: OpenRunMessage): number {
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
    sentCommands: [],
    lastEventId: message.events.at(-1)?.id ?? 0,
    lastMessageAt: message.at,
  };
}

function withRun(state: PageState, run: Run, at: number): PageState {
  const listed = state.runs.some((other) => other.id === run.id);
  const runs = listed ? state.runs.map((other) => (other.id === run.id ? run : other)) : [run, ...state.runs];
  if (state.open?.run.id !== run.id) return { ...state, runs };
  return { ...state, runs, open: { ...state.open, run: keptOf(state.open.run, run), lastMessageAt: at } };
}

/** Messages of the stream leave out what the run consists of and how exact it is: that stays as it was. */
function keptOf(known: Run, run: Run): Run {
  return {
    ...run,
    exactness: run.exactness ?? known.exactness,
    script: run.script ?? known.script,
    declared: run.declared ?? known.declared,
    parts: run.parts?.length ? run.parts : known.parts,
    asked_values: run.asked_values ?? known.asked_values,
  };
}

/** One event of the open run. The same list of events draws a live run and an old one. */
function applyEvent(open: OpenRun, event: RunEvent, at: number): OpenRun {
  if (event.id <= open.lastEventId) return open; // a reconnect may repeat an event
  return {
    ...open,
    events: [...open.events, event],
    sentCommands: open.sentCommands.filter((command) => !answers(event, command.commandId)),
    run: eventOnRun(open.run, event),
    lastEventId: event.id,
    lastMessageAt: at,
  };
}

/** What an event says about the run itself, so that the page need not wait for the next `run`. */
function eventOnRun(run: Run, event: RunEvent): Run {
  const step = Math.max(run.step, event.step);
  switch (event.kind) {
    case "status_changed":
      return { ...run, step, status: event.status, reason: event.reason ?? null };
    case "changed":
      return { ...run, step, values: { ...run.values, ...event.values } };
    default:
      return step === run.step ? run : { ...run, step };
  }
}

function ensureSeries(all: Record<string, Series>, name: string): Series {
  const series = all[name] ?? emptySeries();
  all[name] = series;
  return series;
}

function withPoints(curves: CurveSet, points: PointsMessage): CurveSet {
  for (const [name, wire] of Object.entries(points.series)) {
    const raw = ensureSeries(curves.raw, name);
    append(raw, parseSeries(wire));
    extendSmoothed(curves, name);
  }
  return withNextVersion(curves, { lastStep: Math.max(curves.lastStep, points.to_step) });
}

function extendSmoothed(curves: CurveSet, name: string): void {
  const raw = curves.raw[name];
  if (!raw || !SMOOTHED.includes(name) || curves.smoothSteps <= 1) return;
  continueSmoothed(ensureSeries(curves.smooth, name), raw, curves.smoothSteps);
}

/** An overview came: it replaces what is there, except for live points that are newer than it. */
function withCurves(curves: CurveSet, message: Extract<Message, { type: "curves" }>): CurveSet {
  const raw: Record<string, Series> = { ...message.raw };
  for (const [name, live] of Object.entries(curves.raw)) append(ensureSeries(raw, name), live);
  const next = withNextVersion(curves, {
    loaded: true,
    raw,
    smooth: { ...message.smooth },
    smoothSteps: message.smoothSteps,
    lastStep: Math.max(curves.lastStep, message.lastStep, ...Object.values(raw).map(lastStep)),
  });
  for (const name of Object.keys(raw)) extendSmoothed(next, name);
  return next;
}

/** Series that are loaded last; live points may have come before them. They say nothing of gaps in the others. */
function withRest(curves: CurveSet, rest: Record<string, Series>): CurveSet {
  for (const [name, series] of Object.entries(rest)) splice(ensureSeries(curves.raw, name), series);
  return withNextVersion(curves, {});
}

/** A gap was refetched. Smoothed tails that were drawn across the gap are drawn again. */
function withRange(curves: CurveSet, range: Record<string, Series>, upTo: number): CurveSet {
  for (const [name, series] of Object.entries(range)) {
    const first = series.step[0];
    splice(ensureSeries(curves.raw, name), series);
    const smooth = curves.smooth[name];
    if (smooth && first !== undefined) truncateFrom(smooth, first);
    extendSmoothed(curves, name);
  }
  return withNextVersion(curves, { lastStep: Math.max(curves.lastStep, upTo) });
}

function truncateFrom(series: Series, step: number): void {
  const length = series.step.findIndex((other) => other >= step);
  if (length < 0) return;
  for (const column of [series.step, series.value, series.min, series.max, series.count])
    column.length = length;
}

const withNextVersion = (curves: CurveSet, change: Partial<CurveSet>): CurveSet => ({
  ...curves,
  ...change,
  version: curves.version + 1,
});

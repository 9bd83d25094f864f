/** Opens a run and keeps it up to date: what is loaded when, and what a message makes necessary. */
import * as api from "../../api/client";
import { openStream } from "../../api/eventStream";
import type { PointsMessage, Run, RunEvent } from "../../api/types";
import { nextLookMs } from "../../domain/checkpointStorage";

import { OVER } from "../../domain/status";
import { isNotifying, notify } from "../notify/notify";
import { isOffline } from "../offline";
import { dispatch, getPage } from "../store";
import { toast, toastError } from "../toasts";
import { loadOtherSeries, loadOverview, loadRange, loadShownRange, reloadCurves } from "./loadCurves";
import { loadFamily } from "./loadFamily";
import { MissedSteps } from "./missedSteps";

/** Points of a branch that is drawn thin. */
/** A thin line with all its noise would hide the live one. */
const PICTURE_MS = 1000;
const DEBOUNCE_MS = 250;
/** A page that was opened while the server is away asks again, at first soon, ms. */
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 5000;

const isOpen = (id: number): boolean => getPage().open?.run.id === id;

/** Follows a run until the returned function is called. */
export function startRunSession(id: number): () => void {
  let cancelled = false;
  let stopStream: () => void = () => undefined;
  let retryTimer: ReturnType<typeof setTimeout> | undefined;
  let missedTimer: ReturnType<typeof setTimeout> | undefined;
  let retry: (() => void) | null = null;
  const debouncer = new Debouncer();
  const missed = new MissedSteps();
  const onOnline = () => {
    clearTimeout(retryTimer);
    retry?.();
  };

  const start = async (attempt = 0) => {
    retry = null;
    if (attempt === 0) dispatch({ type: "opening" });
    const curves = loadOverview(id);
    curves.catch(() => undefined); // told below, when it is known whether there is such a run
    try {
      const [run, events] = await Promise.all([api.getRun(id), api.getEvents(id)]);
      if (cancelled) return;
      dispatch({ type: "opened", run, events, at: Date.now() });
    } catch (error) {
      if (cancelled) return;
      const answered = !api.isAway(error);
      const problem = answered ? (error as Error).message : "Not connected to the server. Retrying…";
      dispatch({ type: "open_failed", problem });
      if (!answered) {
        dispatch({ type: "connection", connection: "reconnecting" });
        retry = () => void start(attempt + 1);
        retryTimer = setTimeout(retry, retryMs(attempt));
      }
      return;
    }
    void curves
      .then((show) => show())
      .then(() => void loadShownRange(id)) // from the address
      .then(() => loadOtherSeries(id))
      .catch(toastError);
    void loadCheckpoints(id);
    void loadFamily(id);
    listen();
  };

  const listen = () => {
    stopStream();
    stopStream = openStream(
      { runs: [id], after: getPage().open?.lastEventId ?? 0, staysAwake: isNotifying },
      {
        event: (event) => {
          dispatch({ type: "event", event, at: Date.now() });
          const run = getPage().open?.run;
          if (run?.id === event.run_id) notify(run, event);
          onEvent(id, event, debouncer);
        },
        points: (points) => {
          onPoints(points, debouncer);
          tellMissed();
        },
        run: (run) => {
          onRun(run, debouncer);
          missed.found(run.step);
          tellMissed();
        },
        tasks: () => void loadTasks(),
        reset: () => void reload(),
        connection: (connection) => {
          if (connection === "reconnecting") missed.lost(getPage().open?.curves.lastStep ?? 0);
          else if (!isOffline()) missed.forget();
          dispatch({ type: "connection", connection });
        },
      },
    );
  };

  /** Steps that the stream did not bring are loaded a moment later: then there is no message to wait for. */
  const tellMissed = () => {
    clearTimeout(missedTimer);
    const text = missed.loaded(getPage().open?.curves.lastStep ?? 0);
    if (text) toast(text);
    else if (missed.isWaiting) missedTimer = setTimeout(tellMissed, DEBOUNCE_MS);
  };

  const reload = async () => {
    stopStream();
    await start();
  };

  const pictureTimer = setInterval(() => void loadPicture(id), PICTURE_MS);
  window.addEventListener("online", onOnline);
  void start().then(() => loadPicture(id)); // now, so that nothing moves a second later
  return () => {
    cancelled = true;
    stopStream();
    clearInterval(pictureTimer);
    clearTimeout(retryTimer);
    clearTimeout(missedTimer);
    window.removeEventListener("online", onOnline);
    debouncer.clear();
  };
}

const retryMs = (attempt: number): number => Math.min(RETRY_FIRST_MS * 2 ** attempt, RETRY_MAX_MS);

/** Work that several messages in a row ask for is done once, a moment later. */
class Debouncer {
  private timers = new Map<string, ReturnType<typeof setTimeout>>();

  schedule(name: string, act: () => void): void {
    if (this.timers.has(name)) return;
    const timer = setTimeout(() => {
      this.timers.delete(name);
      act();
    }, DEBOUNCE_MS);
    this.timers.set(name, timer);
  }

  clear(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
  }
}

function onEvent(id: number, event: RunEvent, debouncer: Debouncer): void {
  switch (event.kind) {
    case "checkpoint_saved":
    case "checkpoint_removed":
    case "checkpoint_pinned":
      debouncer.schedule("checkpoints", () => void loadCheckpoints(id));
      break;
    case "recovered":
      toast(event.summary);
      break;
    case "exactness":
    case "declared":
      debouncer.schedule("run", () => void loadRun(id));
      break;
    case "status_changed":
      debouncer.schedule("family", () => void loadFamily(id));
      // A fast run is streamed in merged points. Once it stands still it is drawn as after a reload.
      if (event.status === "paused" || OVER.includes(event.status))
        debouncer.schedule("overview", () => void reloadCurves(id));
      break;
    case "described":
      if (event.controls) debouncer.schedule("run", () => void loadRun(id));
      debouncer.schedule("family", () => void loadFamily(id));
      break;
    case "forked":
      debouncer.schedule("family", () => void loadFamily(id));
      break;
  }
}

function onPoints(points: PointsMessage, debouncer: Debouncer): void {
  const curves = getPage().open?.curves;
  if (!isOpen(points.run_id) || !curves) return;
  // A hole before these points: some were dropped on the way. They are on the server.
  const from = curves.lastStep + 1;
  if (curves.loaded && points.from_step > from) {
    debouncer.schedule("gap", () => void loadRange(points.run_id, from));
  }
  dispatch({ type: "points", points, at: Date.now() });
}

function onRun(run: Run, debouncer: Debouncer): void {
  dispatch({ type: "run", run, at: Date.now() });
  const curves = getPage().open?.curves;
  if (!isOpen(run.id) || !curves?.loaded) return;
  // After a reconnect the run may be further than the points that came.
  const from = curves.lastStep + 1;
  if (run.status !== "running" && run.step >= from) {
    debouncer.schedule("gap", () => void loadRange(run.id, from));
  }
}

/** The run alone says how exact it is and what it declares; its messages in the stream leave that out. */
async function loadRun(id: number): Promise<void> {
  try {
    dispatch({ type: "run", run: await api.getRun(id), at: Date.now() });
  } catch (error) {
    toastError(error);
  }
}

/** No event tells of the copies in object storage. */
let copiesTimer: ReturnType<typeof setTimeout> | undefined;

async function loadCheckpoints(id: number): Promise<void> {
  try {
    const checkpoints = await api.getCheckpoints(id);
    dispatch({ type: "checkpoints", runId: id, checkpoints });
    clearTimeout(copiesTimer);
    const nextMs = nextLookMs(checkpoints);
    if (nextMs !== null) copiesTimer = setTimeout(() => isOpen(id) && void loadCheckpoints(id), nextMs);
  } catch (error) {
    toastError(error);
  }
}

async function loadPicture(id: number): Promise<void> {
  const { open, tasks } = getPage();
  if (open?.run.id !== id || document.hidden) return;
  const hasPicture = tasks.find((task) => task.name === open.run.task)?.has_picture;
  // A picture is made with an evaluation; those of before a fork belong to the parent.
  const evaluated = open.curves.raw["val/cost"]?.step.at(-1) ?? -1;
  if (evaluated <= (open.run.parent?.step ?? -1)) return;
  if (!hasPicture || (open.picture && open.picture.step >= open.run.step)) return;
  if (open.picture && open.run.status !== "running" && open.run.status !== "paused") return;
  try {
    dispatch({ type: "picture", runId: id, picture: await api.getPicture(id) });
  } catch {
    // None yet; asked again in a second.
  }
}

export async function loadTasks(): Promise<void> {
  const { tasks, ready } = await api.getTasks();
  dispatch({ type: "tasks", tasks, ready });
  if (!ready) setTimeout(() => void loadTasks().catch(() => undefined), 500);
}

export async function loadRuns(): Promise<Run[]> {
  const { runs } = await api.getRuns({ limit: 100 });
  dispatch({ type: "runs", runs });
  return runs;
}

/** The server's stream of events: reconnects by itself, and lets go while nobody looks. */
import type { Connection } from "../state/page";
import type { PointsMessage, Run, RunEvent, WireRun } from "./types";
import { whoAmI } from "./client";
import { below } from "./root";
import { readRun } from "./wire";

/** A hidden tab gives its connection back after this long: a browser has six per server. */
const HIDDEN_MS_MAX = 30_000;
const RETRY_MS_MIN = 400;
const RETRY_MS_MAX = 5_000;

/** What is done with each kind of message. */
export interface Ears {
  event(event: RunEvent): void;
  points(points: PointsMessage): void;
  run(run: Run): void;
  tasks(): void;
  /** The last id was too old: everything has to be loaded again. */
  reset(): void;
  connection(connection: Connection): void;
}

export interface StreamAsked {
  /** None: the events of all runs, and no points. */
  runs: number[];
  /** The last event that is known; null: only what happens from now on. */
  after: number | null;
}

/** Listens until the returned function is called. */
export function openStream(asked: StreamAsked, ears: Ears): () => void {
  let source: EventSource | null = null;
  let lastId = asked.after;
  let retryMs = RETRY_MS_MIN;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let sleep: ReturnType<typeof setTimeout> | undefined;
  let closed = false;

  const heard = <Body>(act: (body: Body) => void) => (message: MessageEvent<string>) => {
    if (message.lastEventId) lastId = Math.max(lastId ?? 0, Number(message.lastEventId) || 0);
    act(JSON.parse(message.data) as Body);
  };

  const connect = () => {
    source?.close();
    const fields = new URLSearchParams({ runs: asked.runs.join(",") });
    if (lastId !== null) fields.set("after", String(lastId));
    source = new EventSource(below(`/api/stream?${fields}`));
    source.onopen = () => {
      retryMs = RETRY_MS_MIN;
      ears.connection("live");
    };
    source.onerror = () => again("reconnecting");
    source.addEventListener("event", heard<RunEvent>((event) => ears.event(event)));
    source.addEventListener("points", heard<PointsMessage>((points) => ears.points(points)));
    source.addEventListener("run", heard<WireRun>((run) => ears.run(readRun(run))));
    source.addEventListener("tasks", () => ears.tasks());
    source.addEventListener("reset", () => ears.reset());
    source.addEventListener("bye", () => again("reconnecting"));
  };

  const again = (connection: Connection) => {
    source?.close();
    source = null;
    if (closed) return;
    ears.connection(connection);
    void whoAmI().catch(() => undefined); // a stream does not say that it was refused: this does
    clearTimeout(retry);
    retry = setTimeout(connect, retryMs);
    retryMs = Math.min(RETRY_MS_MAX, retryMs * 2);
  };

  const onVisibility = () => {
    clearTimeout(sleep);
    if (document.hidden) {
      sleep = setTimeout(() => {
        source?.close();
        source = null;
        clearTimeout(retry);
        ears.connection("asleep");
      }, HIDDEN_MS_MAX);
    } else if (source === null) {
      clearTimeout(retry);
      ears.connection("reconnecting");
      connect();
    }
  };

  // A page that the browser keeps for "back" must not count as somebody who watches.
  const onHide = () => {
    source?.close();
    source = null;
    clearTimeout(retry);
  };
  const onShow = () => {
    if (source === null && !closed) connect();
  };

  document.addEventListener("visibilitychange", onVisibility);
  window.addEventListener("pagehide", onHide);
  window.addEventListener("pageshow", onShow);
  connect();
  return () => {
    closed = true;
    document.removeEventListener("visibilitychange", onVisibility);
    window.removeEventListener("pagehide", onHide);
    window.removeEventListener("pageshow", onShow);
    clearTimeout(retry);
    clearTimeout(sleep);
    source?.close();
  };
}

/** The server's stream of events: reconnects by itself, and closes while the page is hidden. */

import { withBaseUrl } from "./baseUrl";
import { getSession } from "./client";
import { readRun } from "./parse";
import type { Search, WireSearch } from "./searches";
import { readSearch } from "./searches";
import type { Connection, PointsMessage, Run, RunEvent, WireRun } from "./types";

/** A hidden tab gives its connection back after this long: a browser has six per server. */
const HIDDEN_MS_MAX = 30_000;
const RETRY_MS_MIN = 400;
const RETRY_MS_MAX = 5_000;

/** What is done with each kind of message; the others are ignored. */
export interface StreamHandlers {
  event?(event: RunEvent): void;
  points?(points: PointsMessage): void;
  run?(run: Run): void;
  /** The state of a search: at first, and whenever it has changed. */
  search?(search: Search): void;
  tasks?(): void;
  /** The last id was too old: everything has to be loaded again. */
  reset?(): void;
  connection(connection: Connection): void;
}

/** Neither runs nor searches: the events of all runs, and no points. */
export interface StreamOptions {
  runs?: number[];
  searches?: number[];
  /** The last event that is known; null: only what happens from now on. */
  after: number | null;
  /** Whether a hidden tab keeps its connection, since somebody waits for what it will say. */
  staysAwake?: () => boolean;
}

/** Listens until the returned function is called. */
export function openStream(options: StreamOptions, handlers: StreamHandlers): () => void {
  let source: EventSource | null = null;
  let lastId = options.after;
  let retryMs = RETRY_MS_MIN;
  let retryTimer: ReturnType<typeof setTimeout> | undefined;
  let sleepTimer: ReturnType<typeof setTimeout> | undefined;
  let closed = false;

  const parsed =
    <Body>(handle: (body: Body) => void) =>
    (message: MessageEvent<string>) => {
      if (message.lastEventId) lastId = Math.max(lastId ?? 0, Number(message.lastEventId) || 0);
      handle(JSON.parse(message.data) as Body);
    };

  const connect = () => {
    source?.close();
    const { runs = [], searches = [] } = options;
    const fields = new URLSearchParams({ runs: runs.join(","), searches: searches.join(",") });
    if (lastId !== null) fields.set("after", String(lastId));
    source = new EventSource(withBaseUrl(`/api/stream?${fields}`));
    source.onopen = () => {
      retryMs = RETRY_MS_MIN;
      handlers.connection("live");
    };
    source.onerror = () => reconnect("reconnecting");
    const listen = <Body>(kind: string, handle: (body: Body) => void) =>
      source?.addEventListener(kind, parsed(handle));
    listen<RunEvent>("event", (event) => handlers.event?.(event));
    listen<PointsMessage>("points", (points) => handlers.points?.(points));
    listen<WireRun>("run", (run) => handlers.run?.(readRun(run)));
    listen<WireSearch>("search", (search) => handlers.search?.(readSearch(search)));
    listen("tasks", () => handlers.tasks?.());
    listen("reset", () => handlers.reset?.());
    source.addEventListener("bye", () => reconnect("reconnecting"));
  };

  const reconnect = (connection: Connection) => {
    source?.close();
    source = null;
    if (closed) return;
    handlers.connection(connection);
    void getSession().catch(() => undefined); // a stream does not say that it was refused: this does
    clearTimeout(retryTimer);
    retryTimer = setTimeout(connect, retryMs);
    retryMs = Math.min(RETRY_MS_MAX, retryMs * 2);
  };

  const onVisibility = () => {
    clearTimeout(sleepTimer);
    if (document.hidden) {
      sleepTimer = setTimeout(() => {
        if (options.staysAwake?.()) return;
        source?.close();
        source = null;
        clearTimeout(retryTimer);
        handlers.connection("asleep");
      }, HIDDEN_MS_MAX);
    } else if (source === null) {
      clearTimeout(retryTimer);
      handlers.connection("reconnecting");
      connect();
    }
  };

  // A page that the browser keeps for "back" must not count as a viewer.
  const onHide = () => {
    source?.close();
    source = null;
    clearTimeout(retryTimer);
  };
  const onShow = () => {
    if (source === null && !closed) connect();
  };

  /** The network is back, or somebody wants to know now. */
  const onOnline = () => {
    if (source !== null || closed || document.hidden) return;
    clearTimeout(retryTimer);
    retryMs = RETRY_MS_MIN;
    connect();
  };

  document.addEventListener("visibilitychange", onVisibility);
  window.addEventListener("online", onOnline);
  window.addEventListener("pagehide", onHide);
  window.addEventListener("pageshow", onShow);
  connect();
  return () => {
    closed = true;
    document.removeEventListener("visibilitychange", onVisibility);
    window.removeEventListener("online", onOnline);
    window.removeEventListener("pagehide", onHide);
    window.removeEventListener("pageshow", onShow);
    clearTimeout(retryTimer);
    clearTimeout(sleepTimer);
    source?.close();
  };
}

/** The one place that asks the server for something. */

import { withBaseUrl } from "./baseUrl";
import { readRun } from "./parse";
import type {
  Checkpoint,
  Command,
  CommandSent,
  Curves,
  ErrorBody,
  Family,
  Fork,
  Machine,
  NewRun,
  Picture,
  RegisteredScript,
  Replay,
  Run,
  RunChange,
  RunEvent,
  Session,
  Task,
  TrashContent,
  WireRun,
} from "./types";

const EVENTS_PER_PAGE = 1000;

/** The server said no. `message` is a sentence fit to show. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly body: ErrorBody,
  ) {
    super(body.message);
    this.name = "Refused";
  }

  /** The dotted path of the field that was wrong, if one was. */
  get field(): string | null {
    return this.body.field ?? null;
  }
}

/** The server could not be reached at all. */
class NetworkError extends Error {
  constructor() {
    super("The server did not answer. Training continues; try again in a moment.");
    this.name = "Unreachable";
  }
}

/** Whether the server was not there, or had trouble of its own: asking again may help. It did not say no. */
export const isAway = (error: unknown): boolean =>
  error instanceof NetworkError || (error instanceof ApiError && (error.status <= 0 || error.status >= 500));

let onSignedOut: () => void = () => undefined;

/** Says what to do when the server no longer knows this browser. */
export function setSignedOutHandler(handler: () => void): void {
  onSignedOut = handler;
}

export async function request<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["Content-Type"] = "application/json";
  if (method === "POST") headers["Idempotency-Key"] = randomKey();
  let response: Response;
  try {
    response = await fetch(withBaseUrl(path), {
      method,
      headers,
      credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new NetworkError();
  }
  if (response.status === 401 && !(method === "POST" && path === "/api/session")) onSignedOut();
  if (!response.ok) throw new ApiError(response.status, await readError(response));
  if (response.status === 204) return undefined as Answer;
  return (await response.json()) as Answer;
}

async function readError(response: Response): Promise<ErrorBody> {
  try {
    const body = (await response.json()) as Partial<ErrorBody>;
    return { ...body, error: body.error ?? "error", message: body.message ?? response.statusText };
  } catch {
    return { error: "error", message: `The server answered ${response.status} ${response.statusText}.` };
  }
}

/** `crypto.randomUUID` exists only in secure contexts; a LAN address is none. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function queryString(fields: Record<string, string | number | boolean | null | undefined>): string {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== null && value !== undefined && value !== "") parts.set(name, String(value));
  }
  const text = parts.toString();
  return text ? `?${text}` : "";
}

export const signIn = (token: string) => request<void>("POST", "/api/session", { token });
export const getSession = () => request<Session>("GET", "/api/session");
export const getViewerToken = () => request<{ token: string }>("GET", "/api/session/link");

export const getScripts = () => request<RegisteredScript[]>("GET", "/api/scripts");
export const getTasks = () => request<{ tasks: Task[]; ready: boolean }>("GET", "/api/tasks");

export const getMachines = () => request<Machine[]>("GET", "/api/machines");

export interface RunFilter {
  status?: string;
  task?: string;
  search?: string;
  trashed?: boolean;
  limit?: number;
  before?: number | null;
}
export interface RunPage {
  runs: Run[];
  /** Give it as `before` for older ones; null: there are none. */
  next: number | null;
}
export const getRuns = (filter: RunFilter = {}) =>
  request<{ runs: WireRun[]; next: number | null }>("GET", `/api/runs${queryString({ ...filter })}`).then(
    (page): RunPage => ({ runs: page.runs.map(readRun), next: page.next }),
  );
export const getRun = (id: number) => request<WireRun>("GET", `/api/runs/${id}`).then(readRun);
export const startRun = (body: NewRun) => request<WireRun>("POST", "/api/runs", body).then(readRun);
export const editRun = (id: number, change: RunChange) =>
  request<WireRun>("PATCH", `/api/runs/${id}`, change).then(readRun);
/** Of a script whose process is lost: the server starts it again. */
export const takeUpAgain = (id: number) => request<WireRun>("POST", `/api/runs/${id}/attempts`).then(readRun);
export const getTrash = () => request<TrashContent>("GET", "/api/trash");
/** Removes for good what `getTrash` named. */
export const emptyTrash = () => request<TrashContent>("DELETE", "/api/trash");
export const deleteCheckpoint = (id: number) => request<void>("DELETE", `/api/checkpoints/${id}`);
export const logUrl = (id: number): string => withBaseUrl(`/api/runs/${id}/log`);
export const trashRun = (id: number) => request<void>("DELETE", `/api/runs/${id}`);

export const getFamily = (id: number) => request<Family>("GET", `/api/runs/${id}/family`);
export const getPicture = (id: number) => request<Picture>("GET", `/api/runs/${id}/picture`);
export const getCheckpoints = (id: number) => request<Checkpoint[]>("GET", `/api/runs/${id}/checkpoints`);
export const pinCheckpoint = (id: number, pinned: boolean) =>
  request<Checkpoint>("PATCH", `/api/checkpoints/${id}`, { pinned });
export const forkCheckpoint = (id: number, fork: Fork) =>
  request<WireRun>("POST", `/api/checkpoints/${id}/fork`, fork).then(readRun);
/** A note is pinned to a step; with `commandId` it says why that change was made. */
export const addNote = (id: number, text: string, step?: number, commandId?: number) =>
  request<unknown>("POST", `/api/runs/${id}/notes`, { text, step, command_id: commandId });

/** eventId: of the note, or of an earlier correction. The texts before it stay in the history. */
export const correctNote = (id: number, eventId: number, text: string) =>
  request<unknown>("PATCH", `/api/runs/${id}/notes/${eventId}`, { text });

export const replayRun = (id: number, body: Replay) =>
  request<WireRun>("POST", `/api/runs/${id}/replay`, body).then(readRun);

export interface CurveRange {
  series?: string;
  from_step?: number;
  to_step?: number;
  points?: number;
  smooth_steps?: number;
  family?: boolean;
}
/** More than a chart or a text shows, and more where somebody looks closely; settings and clocks come exact. */
const WHOLE_DIGITS = 5;
const RANGE_DIGITS = 9;
export const getCurves = (id: number, range: CurveRange) => {
  const digits = range.from_step === undefined ? WHOLE_DIGITS : RANGE_DIGITS;
  return request<Curves>("GET", `/api/runs/${id}/curves${queryString({ ...range, digits })}`);
};

/** All events of a run after the given one, oldest first. */
export async function getEvents(id: number, after = 0): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  let from: number | null = after;
  while (from !== null) {
    const page: { events: RunEvent[]; next: number | null } = await request(
      "GET",
      `/api/runs/${id}/events${queryString({ after: from, limit: EVENTS_PER_PAGE, order: "asc" })}`,
    );
    events.push(...page.events);
    from = page.next;
  }
  return events;
}

export const sendCommand = (id: number, command: Command) =>
  request<CommandSent>("POST", `/api/runs/${id}/commands`, command);

export const exportUrl = (id: number, format: "csv" | "json" | "markdown" | "html" | "recipe") =>
  withBaseUrl(`/api/runs/${id}/export?format=${format}`);

/** The one place that asks the server for something. */
import type {
  Checkpoint,
  Command,
  CommandAnswer,
  CommandSent,
  Curves,
  ErrorBody,
  Family,
  Fork,
  NewRun,
  Picture,
  Replay,
  Run,
  RunChange,
  RunEvent,
  Task,
  Who,
  WireRun,
} from "./types";
import { below } from "./root";
import { readRun } from "./wire";

/** The longest that the server may hold an answer to a command, seconds. */
const WAIT_S = 10;
const EVENTS_PER_PAGE = 1000;

/** The server said no. `message` is a sentence fit to show. */
export class Refused extends Error {
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
export class Unreachable extends Error {
  constructor() {
    super("The server did not answer. Training goes on; try again in a moment.");
    this.name = "Unreachable";
  }
}

let onSignedOut: () => void = () => undefined;

/** Says what to do when the server no longer knows this browser. */
export function whenSignedOut(act: () => void): void {
  onSignedOut = act;
}

export async function ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["Content-Type"] = "application/json";
  if (method === "POST") headers["Idempotency-Key"] = randomKey();
  let answer: Response;
  try {
    answer = await fetch(below(path), {
      method,
      headers,
      credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Unreachable();
  }
  if (answer.status === 401 && !(method === "POST" && path === "/api/session")) onSignedOut();
  if (!answer.ok) throw new Refused(answer.status, await readError(answer));
  if (answer.status === 204) return undefined as Answer;
  return (await answer.json()) as Answer;
}

async function readError(answer: Response): Promise<ErrorBody> {
  try {
    const body = (await answer.json()) as Partial<ErrorBody>;
    return { ...body, error: body.error ?? "error", message: body.message ?? answer.statusText };
  } catch {
    return { error: "error", message: `The server answered ${answer.status} ${answer.statusText}.` };
  }
}

/** `crypto.randomUUID` exists only in secure contexts; a LAN address is none. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function query(fields: Record<string, string | number | boolean | null | undefined>): string {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== null && value !== undefined && value !== "") parts.set(name, String(value));
  }
  const text = parts.toString();
  return text ? `?${text}` : "";
}

export const signIn = (token: string) => ask<void>("POST", "/api/session", { token });
export const whoAmI = () => ask<Who>("GET", "/api/session");
export const getTokenToWatch = () => ask<{ token: string }>("GET", "/api/session/link");

export const getTasks = () => ask<{ tasks: Task[]; ready: boolean }>("GET", "/api/tasks");

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
  ask<{ runs: WireRun[]; next: number | null }>("GET", `/api/runs${query({ ...filter })}`).then(
    (page): RunPage => ({ runs: page.runs.map(readRun), next: page.next }),
  );
export const getRun = (id: number) => ask<WireRun>("GET", `/api/runs/${id}`).then(readRun);
export const startRun = (asked: NewRun) => ask<WireRun>("POST", "/api/runs", asked).then(readRun);
export const editRun = (id: number, change: RunChange) =>
  ask<WireRun>("PATCH", `/api/runs/${id}`, change).then(readRun);
export const trashRun = (id: number) => ask<void>("DELETE", `/api/runs/${id}`);

export const getFamily = (id: number) => ask<Family>("GET", `/api/runs/${id}/family`);
export const getPicture = (id: number) => ask<Picture>("GET", `/api/runs/${id}/picture`);
export const getCheckpoints = (id: number) => ask<Checkpoint[]>("GET", `/api/runs/${id}/checkpoints`);
export const pinCheckpoint = (id: number, pinned: boolean) =>
  ask<Checkpoint>("PATCH", `/api/checkpoints/${id}`, { pinned });
export const forkCheckpoint = (id: number, fork: Fork) =>
  ask<WireRun>("POST", `/api/checkpoints/${id}/fork`, fork).then(readRun);
/** A note is pinned to a step; with `commandId` it says why that change was made. */
export const addNote = (id: number, text: string, step?: number, commandId?: number) =>
  ask<unknown>("POST", `/api/runs/${id}/notes`, { text, step, command_id: commandId });

export const replayRun = (id: number, asked: Replay) =>
  ask<WireRun>("POST", `/api/runs/${id}/replay`, asked).then(readRun);

export interface CurveRange {
  series?: string;
  from_step?: number;
  to_step?: number;
  points?: number;
  smooth_steps?: number;
  family?: boolean;
}
export const getCurves = (id: number, range: CurveRange) =>
  ask<Curves>("GET", `/api/runs/${id}/curves${query({ ...range })}`);

/** All events of a run after the given one, oldest first. */
export async function getEvents(id: number, after = 0): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  let from: number | null = after;
  while (from !== null) {
    const page: { events: RunEvent[]; next: number | null } = await ask(
      "GET",
      `/api/runs/${id}/events${query({ after: from, limit: EVENTS_PER_PAGE, order: "asc" })}`,
    );
    events.push(...page.events);
    from = page.next;
  }
  return events;
}

export const sendCommand = (id: number, command: Command) =>
  ask<CommandSent>("POST", `/api/runs/${id}/commands`, command);

/** Holds until the worker has answered; `pending` comes back only after `WAIT_S`. */
export const awaitAnswer = (id: number, commandId: number) =>
  ask<CommandAnswer>("GET", `/api/runs/${id}/commands/${commandId}${query({ wait_s: WAIT_S })}`);

export const exportAddress = (id: number, format: "csv" | "json" | "markdown" | "html" | "recipe") =>
  below(`/api/runs/${id}/export?format=${format}`);

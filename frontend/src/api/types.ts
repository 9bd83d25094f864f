/** The shapes that the server speaks, as the page names them. `openapi.ts` is made from its description. */
import type { components } from "./openapi";

type Schemas = components["schemas"];

export type Session = Schemas["Who"];
export type Role = Session["role"];

export type RunStatus = Schemas["RunStatus"];

/** A value of a hyperparameter; never NaN or infinite. */
export type Value = number | string | boolean;
export type Values = Record<string, Value>;
/** Of a script: a factor on what its own code says, or that alone again. */
export type Relative = { [key: string]: number | boolean };
export type RequestedValues = Record<string, Value | Relative>;

export type Script = Schemas["Script"];
export type RegisteredScript = Schemas["RegisteredScript"];
export type Part = Schemas["Part"];
export type Exactness = Schemas["Exactness"];

/** A number as JSON can carry it. */
export type WireNumber = number | "NaN" | "Infinity" | "-Infinity";

export type Hyperparameter = Schemas["Hyperparameter"];
export type Scale = Hyperparameter["scale"];
/** A task that could not be read has an error, and nothing to choose. */
export type Task = Schemas["Task"] &
  Required<Pick<Schemas["Task"], "hyperparameters" | "defaults" | "series" | "objective" | "mode">>;
/** What a run or a search is started from: a task, or a registered script as one. script: its id. */
export type Trainable = Task & { script?: string };
export type WireSeries = Schemas["Series"];
export type Curves = Schemas["Curves"];
export type Checkpoint = Schemas["Checkpoint"];
export type Family = Schemas["Family"];
export type Machine = Schemas["Machine"];
export type Parent = Schemas["Parent"];
export type TrashContent = Schemas["TrashContent"];
export type FamilyMember = Schemas["FamilyMember"];
export type CommandSent = Schemas["CommandSent"];
export type ErrorBody = Schemas["Error"];

/** A run as it is sent: measured numbers may be words, because JSON has no NaN. */
export type WireRun = Schemas["Run"];

/** A run as the page keeps it: measured numbers are numbers, or null where there is none. */
export interface Run extends Omit<WireRun, "epoch" | "steps_per_s" | "effective"> {
  epoch: number | null;
  steps_per_s: number | null;
  effective: Record<keyof Schemas["Effective"], number | null> | null;
}

/** One thing that happened; `kind` says which fields it has. */
export type RunEvent = Schemas["Event"];
export type EventOf<Kind extends RunEvent["kind"]> = Extract<RunEvent, { kind: Kind }>;

/** New points of the stream; columns as in `Curves`. */
export interface PointsMessage {
  run_id: number;
  from_step: number;
  to_step: number;
  series: Record<string, WireSeries>;
}

/** What the network sees where, on a grid; `z` has a row for each `y`. */
export interface Picture {
  kind: string;
  step: number;
  x: number[];
  y: number[];
  z: number[][];
  points: { x: number[]; y: number[]; label: number[] };
}

/** A body with only some fields required; the server fills in the rest. */
export type RequestBody<Body, Required extends keyof Body> = Pick<Body, Required> & Partial<Body>;

export type SetCommand = RequestBody<Schemas["SetIn"], "kind" | "values">;
export type Command =
  | SetCommand
  | RequestBody<Schemas["PauseIn"], "kind">
  | RequestBody<Schemas["PlainIn"], "kind">
  | RequestBody<Schemas["ResumeIn"], "kind">
  | RequestBody<Schemas["ExtendIn"], "kind" | "steps">
  | RequestBody<Schemas["CancelIn"], "kind" | "command_id">;
export type NewRun = Partial<Schemas["NewRun"]>;
export type Fork = Partial<Schemas["NewFork"]>;
export type Replay = Partial<Schemas["NewReplay"]>;
export type RunChange = Partial<Schemas["RunChange"]>;

/** How the stream of events stands. */
export type Connection = "connecting" | "live" | "reconnecting" | "asleep";

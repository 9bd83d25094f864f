/** What the page knows, as one value. */
import type {
  Checkpoint,
  Connection,
  Family,
  Picture,
  PointsMessage,
  Role,
  Run,
  RunEvent,
  Task,
} from "../api/types";
import type { Series } from "../domain/series";

export type AxisKind = "step" | "epoch" | "examples" | "active" | "clock";
export const AXIS_KINDS: AxisKind[] = ["step", "epoch", "examples", "active", "clock"];

/** The axes that a run has: a script's examples are not counted, nor its epochs where it has none. */
export const axisKindsOf = (run: Run | undefined): AxisKind[] =>
  AXIS_KINDS.filter((kind) => {
    if (!run?.script) return true;
    return kind !== "examples" && (kind !== "epoch" || (run.epoch ?? 0) > 0);
  });

/** Where the worker recorded what an axis counts. */
export const AXIS_SERIES: Partial<Record<AxisKind, string>> = {
  epoch: "epoch",
  examples: "examples",
  active: "active_s",
  clock: "clock_s",
};

export type Tab = "curves" | "tree" | "log" | "settings";

/** What the person chose to look at. Everything but `hover`, `frozen`, `tab` and what is said of branches is in the address. */
export interface View {
  axis: AxisKind;
  log: boolean;
  smoothSteps: number;
  frozen: boolean;
  /** Steps; null: follow the training. */
  zoom: { from: number; to: number } | null;
  /** Without a zoom: only so many of the last steps; null: all. */
  follow: number | null;
  hover: number | null;
  pinned: number | null;
  /** The journal entry that a click on a marker opened. */
  entry: number | null;
  /** The panel that a narrow page shows below the cost. */
  tab: Tab;
  /** Branches whose tails are not drawn, and the one that is pointed at; ids of runs. */
  hiddenBranches: number[];
  litBranch: number | null;
  /** Draw values above the robust range too. */
  showOutliers: boolean;
}

/** Curves of the open run. Changed in place, because they are long; `version` tells that they moved. */
export interface CurveSet {
  version: number;
  loaded: boolean;
  /** The last step known of any series, so that a gap in the stream is noticed. */
  lastStep: number;
  raw: Record<string, Series>;
  smooth: Record<string, Series>;
  smoothSteps: number;
  /** A zoomed range at full resolution. */
  detail: { from: number; to: number; raw: Record<string, Series>; smooth: Record<string, Series> } | null;
  /** Thin tails: what other branches did after they parted from this one. */
  branches: { runId: number; name: string; from: number; raw: Record<string, Series> }[];
}

/** A command that was sent and has not been answered. */
export interface SentCommand {
  commandId: number;
  kind: string;
  sentAt: number; // ms
}

export interface OpenRun {
  run: Run;
  events: RunEvent[];
  /** What was changed in the ancestors before this branch left them. */
  inherited: RunEvent[];
  checkpoints: Checkpoint[];
  /** The ancestors' checkpoints before this branch left them. */
  inheritedCheckpoints: Checkpoint[];
  family: Family | null;
  picture: Picture | null;
  curves: CurveSet;
  sentCommands: SentCommand[];
  lastEventId: number;
  /** When the last message about the run came, ms. */
  lastMessageAt: number;
}

interface ToastAction {
  label: string;
  act: () => void;
}
export interface Toast {
  id: number;
  text: string;
  tone: "plain" | "problem";
  actions: ToastAction[];
  /** Ask "Why?" and add the answer as a note to this command. */
  why: { runId: number; commandId: number; step: number } | null;
}

export interface PageState {
  session: "unknown" | "signed_out" | Role;
  tasks: Task[];
  tasksReady: boolean;
  /** Newest first, for the switcher. */
  runs: Run[];
  runsLoaded: boolean;
  open: OpenRun | null;
  openProblem: string | null;
  connection: Connection;
  view: View;
  toasts: Toast[];
}

export type Message =
  | { type: "signed_in"; role: Role }
  | { type: "signed_out" }
  | { type: "tasks"; tasks: Task[]; ready: boolean }
  | { type: "runs"; runs: Run[] }
  | { type: "opening" }
  | { type: "open_failed"; problem: string }
  | { type: "opened"; run: Run; events: RunEvent[]; at: number }
  | { type: "inherited"; runId: number; events: RunEvent[]; checkpoints: Checkpoint[] }
  | { type: "run"; run: Run; at: number }
  | { type: "event"; event: RunEvent; at: number }
  | { type: "points"; points: PointsMessage; at: number }
  | {
      type: "curves";
      runId: number;
      raw: Record<string, Series>;
      smooth: Record<string, Series>;
      smoothSteps: number;
      lastStep: number;
    }
  | { type: "rest"; runId: number; raw: Record<string, Series> }
  | { type: "range"; runId: number; raw: Record<string, Series>; lastStep: number }
  | { type: "detail"; runId: number; detail: CurveSet["detail"] }
  | { type: "branches"; runId: number; branches: CurveSet["branches"] }
  | { type: "checkpoints"; runId: number; checkpoints: Checkpoint[] }
  | { type: "family"; runId: number; family: Family }
  | { type: "picture"; runId: number; picture: Picture | null }
  | { type: "connection"; connection: Connection }
  | { type: "command_sent"; runId: number; command: SentCommand }
  | { type: "view"; change: Partial<View> }
  | { type: "toast"; toast: Toast }
  | { type: "toast_closed"; id: number };

export const initialView = (): View => ({
  axis: "step",
  log: false,
  smoothSteps: 20,
  frozen: false,
  zoom: null,
  follow: null,
  hover: null,
  pinned: null,
  entry: null,
  tab: "curves",
  hiddenBranches: [],
  litBranch: null,
  showOutliers: false,
});

export const initialState = (): PageState => ({
  session: "unknown",
  tasks: [],
  tasksReady: false,
  runs: [],
  runsLoaded: false,
  open: null,
  openProblem: null,
  connection: "connecting",
  view: initialView(),
  toasts: [],
});

export const emptyCurves = (smoothSteps: number): CurveSet => ({
  version: 0,
  loaded: false,
  lastStep: 0,
  raw: {},
  smooth: {},
  smoothSteps,
  detail: null,
  branches: [],
});

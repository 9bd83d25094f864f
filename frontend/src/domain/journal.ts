/** The journal of a run, as the page tells it: which events are worth a line, and in which words. */

import { fromWireNumber } from "../api/number";
import type { EventOf, RunEvent, RunStatus, Values } from "../api/types";
import { changeText, nameOf, valueText } from "../format/hyperparameters";
import { measured, whole } from "../format/numbers";
import { replayText } from "../format/replay";
import type { MarkerKind, Reasons } from "./markers";
import { actorName, changeMarker, markerOf, reasonsOf } from "./markers";

export interface Entry {
  id: number;
  runId: number;
  step: number;
  at: string;
  kind: MarkerKind | "status" | "checkpoint" | "refused";
  text: string;
  who: string;
  why: string;
  /** What the optimizer needed besides, e.g. "velocity cleared". */
  notes: string[];
  commandId: number | null;
  undo: Values | null;
  scheduled: boolean;
}

/** Newest first. */
export function entriesOf(events: RunEvent[]): Entry[] {
  const reasons = reasonsOf(events);
  const entries = events.flatMap((event) => entryOf(event, reasons) ?? []);
  return entries.reverse();
}

function entryOf(event: RunEvent, reasons: Reasons): Entry | null {
  const base = {
    id: event.id,
    runId: event.run_id,
    step: event.step,
    at: event.at,
    who: "",
    why: "",
    notes: [],
    commandId: null,
    undo: null,
    scheduled: false,
  };
  const status = (text: string): Entry => ({ ...base, kind: "status", text });
  switch (event.kind) {
    case "changed": {
      const { kind, text, who, why } = changeMarker(event, reasons);
      const { notes, command_id: commandId, undo_values: undo, scheduled } = event;
      return { ...base, kind, text, who, why, notes, commandId, undo, scheduled };
    }
    case "note_added":
    case "guard_tripped": {
      const marker = markerOf(event, reasons);
      if (!marker) return null;
      const { kind, text, who, why } = marker;
      return { ...base, kind, text, who, why };
    }
    case "status_changed":
      if (event.status === "starting" && event.reason?.startsWith(RECOVERING)) {
        return status(`${event.reason.slice(RECOVERING.length)} Restarting from the last checkpoint.`);
      }
      // Waiting and starting are over before anybody reads of them.
      if (event.status === "queued" || event.status === "starting") return null;
      return status(statusText(event));
    case "change_scheduled":
      return {
        ...base,
        kind: "change",
        who: actorName(event.actor),
        why: event.note,
        commandId: event.command_id,
        text: `Scheduled for step ${whole(event.at_step)}: ${valuesText(event.values)}`,
      };
    case "refused":
      // A cancelled change is listed once, by the command that cancelled it.
      if (event.reason.startsWith("Cancelled")) return null;
      return { ...base, kind: "refused", who: actorName(event.actor), text: `Refused: ${event.reason}` };
    case "recovered":
      return status(
        `Recovered from checkpoint ${whole(event.from_step)}${event.verified ? ": the same costs as before" : ""}`,
      );
    case "replayed":
      return status(`Replayed: ${lower(replayText(event))}`);
    case "checkpoint_saved":
      if (event.cause !== "user") return null;
      return { ...base, kind: "checkpoint", who: actorName("owner"), text: checkpointText(event) };
    case "applied":
      if (!["extend", "cancel", "fork"].includes(event.command_kind)) return null;
      return { ...status(appliedText(event)), who: actorName(event.actor), why: event.note };
    case "raised":
      return status(`Failed: ${event.reason}`);
    case "warned":
      return status(event.message);
    case "command_sent":
    case "described":
    case "trashed":
    case "restored":
    case "checkpoint_pinned":
    case "checkpoint_removed":
    case "forked":
    case "exactness":
    case "worker_started":
      return null;
    default: // of a newer server
      event satisfies never;
      return null;
  }
}

const valuesText = (values: Values): string =>
  Object.entries(values)
    .map(([name, value]) => `${nameOf(name)} ${valueText(name, value)}`)
    .join(", ");

const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

function appliedText(event: EventOf<"applied">): string {
  if (event.command_kind === "cancel") return "A scheduled change was cancelled";
  const changes = changeText(event.before as Values, event.after as Values);
  return event.command_kind === "fork"
    ? `Continued with the values of the fork: ${changes}`
    : `Extended: ${changes}`;
}

function checkpointText(event: EventOf<"checkpoint_saved">): string {
  const cost = fromWireNumber(event.val_cost);
  return Number.isNaN(cost) ? "Checkpoint saved" : `Checkpoint saved, val ${measured(cost)}`;
}

/** How the reason of a start begins that replaces a dead worker. */
const RECOVERING = "recovering: ";

const STATUS_TEXT: Record<RunStatus, string> = {
  queued: "Waiting for a free slot",
  starting: "Starting",
  running: "Training",
  paused: "Paused",
  finished: "Finished",
  stopped: "Stopped and saved",
  failed: "Failed",
  lost: "The worker exited without reporting a reason",
};

function statusText(event: EventOf<"status_changed">): string {
  const text = STATUS_TEXT[event.status];
  return event.reason && event.reason !== "user" ? `${text}: ${reasonText(event.reason)}` : text;
}

export const reasonText = (reason: string): string =>
  ({
    guard: "the cost is not finite",
    no_viewer: "no page was open",
    disk_full: "the disk is full",
    disk_error: "writing to disk fails",
    terminated: "the worker received SIGTERM",
  })[reason] ?? reason;

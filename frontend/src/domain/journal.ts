/** The journal of a run, as the page tells it: which events are worth a line, and in which words. */

import { fromWireNumber } from "../api/number";
import type { RunEvent, Values } from "../api/types";
import { changeText, nameOf, valueText } from "../format/hyperparameters";
import { measured, whole } from "../format/numbers";
import { replayText } from "../format/replay";
import type { MarkerKind, Reasons } from "./markers";
import { actorName, markerOf, reasonsOf } from "./markers";

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
  const plain = {
    id: event.id,
    runId: event.run_id,
    step: event.step,
    at: event.at,
    who: actorName(event.actor),
    why: event.note ?? "",
    notes: event.notes ?? [],
    commandId: event.command_id ?? null,
    undo: null,
    scheduled: event.scheduled ?? false,
  };
  const marker = markerOf(event, reasons);
  if (marker) {
    const { kind, text, who, why } = marker;
    return { ...plain, kind, text, who, why, undo: event.undo_values ?? null };
  }
  switch (event.kind) {
    case "status_changed":
      if (event.status === "starting" && event.reason?.startsWith(RECOVERING)) {
        const how = event.reason.slice(RECOVERING.length);
        return { ...plain, kind: "status", who: "", text: `${how} Another one takes the run up.` };
      }
      // Waiting and starting are over before anybody reads of them.
      if (event.status === "queued" || event.status === "starting") return null;
      return { ...plain, kind: "status", who: "", text: statusText(event) };
    case "change_scheduled":
      return {
        ...plain,
        kind: "change",
        text: `Scheduled for step ${whole(event.at_step ?? 0)}: ${valuesText(event)}`,
      };
    case "refused":
      // A cancelled change is listed once, by the command that cancelled it.
      if (event.reason?.startsWith("Cancelled")) return null;
      return { ...plain, kind: "refused", text: `Refused: ${event.reason ?? ""}` };
    case "recovered":
      return {
        ...plain,
        kind: "status",
        who: "",
        text: `Recovered from checkpoint ${whole(event.from_step ?? 0)}${event.verified ? ", recovery verified" : ""}`,
      };
    case "replayed":
      return { ...plain, kind: "status", who: "", text: `Replayed: ${lower(replayText(event))}` };
    case "checkpoint_saved":
      return event.cause === "user" ? { ...plain, kind: "checkpoint", text: checkpointText(event) } : null;
    case "applied":
      return ["extend", "cancel", "fork"].includes(event.command_kind ?? "")
        ? { ...plain, kind: "status", text: appliedText(event) }
        : null;
    case "raised":
      return { ...plain, kind: "status", who: "", text: `Failed: ${event.reason ?? ""}` };
    case "warned":
      return { ...plain, kind: "status", who: "", text: event.message ?? "" };
    default:
      return null;
  }
}

const valuesText = (event: RunEvent): string =>
  Object.entries(event.values ?? {})
    .map(([name, value]) => `${nameOf(name)} ${valueText(name, value)}`)
    .join(", ");

const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

function appliedText(event: RunEvent): string {
  if (event.command_kind === "cancel") return "A scheduled change was cancelled";
  const changes = changeText(event.before ?? {}, event.after ?? {});
  return event.command_kind === "fork" ? `Goes on as the fork did: ${changes}` : `Extended: ${changes}`;
}

function checkpointText(event: RunEvent): string {
  const cost = fromWireNumber(event.val_cost);
  return Number.isNaN(cost) ? "Checkpoint saved" : `Checkpoint saved, val ${measured(cost)}`;
}

/** How the reason of a start begins that replaces a dead worker. */
const RECOVERING = "recovering: ";

const STATUS_TEXT: Record<string, string> = {
  queued: "Waits for a free place",
  starting: "Starting",
  running: "Training",
  paused: "Paused",
  finished: "Finished",
  stopped: "Stopped and saved",
  failed: "Failed",
  lost: "The training process is gone",
};

function statusText(event: RunEvent): string {
  const text = STATUS_TEXT[event.status ?? ""] ?? String(event.status);
  return event.reason && event.reason !== "user" ? `${text}: ${reasonText(event.reason)}` : text;
}

export const reasonText = (reason: string): string =>
  ({
    guard: "the cost is no longer a number",
    no_viewer: "nobody was watching",
    disk_full: "the disk is full",
    disk_error: "the disk takes nothing",
    terminated: "the process was asked to end",
  })[reason] ?? reason;

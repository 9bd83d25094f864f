/** The journal of a run, as the page tells it: which events are worth a line, and who did it. */

import type { RequestedValues, RunEvent } from "../api/types";
import { shownStep } from "../format/changeTime";
import type { MarkerKind, Reasons } from "./markers";
import { actorName, changeMarker, correctedNotes, markerOf, reasonsOf } from "./markers";

export interface Entry {
  id: number;
  runId: number;
  /** Of a change: the first step that uses it. */
  step: number;
  at: string;
  kind: MarkerKind | "status" | "checkpoint" | "refused";
  text: string;
  who: string;
  why: string;
  /** Of a note that was corrected: its earlier texts, the newest first. */
  earlier: string[];
  /** What the optimizer needed besides, e.g. "velocity cleared". */
  notes: string[];
  commandId: number | null;
  undo: RequestedValues | null;
  scheduled: boolean;
}

/** Newest first. */
export function entriesOf(events: RunEvent[]): Entry[] {
  const reasons = reasonsOf(events);
  const corrected = correctedNotes(events);
  const entries = events.flatMap((event) => {
    const entry = entryOf(event, reasons);
    const texts = corrected.get(event.id);
    return entry ? [texts ? { ...entry, text: texts[0] ?? "", earlier: texts.slice(1) } : entry] : [];
  });
  return entries.reverse();
}

function entryOf(event: RunEvent, reasons: Reasons): Entry | null {
  const base: Entry = {
    id: event.id,
    runId: event.run_id,
    step: shownStep(event),
    at: event.at,
    kind: "status",
    text: event.summary,
    who: "actor" in event ? actorName(event.actor) : "",
    why: "",
    earlier: [],
    notes: [],
    commandId: null,
    undo: null,
    scheduled: false,
  };
  switch (event.kind) {
    case "changed": {
      const { kind, why, text } = changeMarker(event, reasons);
      const { notes, command_id: commandId, undo_values: undo, scheduled } = event;
      return { ...base, kind, why, text, notes, commandId, undo, scheduled };
    }
    case "note_added":
    case "guard_tripped": {
      const marker = markerOf(event, reasons);
      return marker && { ...base, kind: marker.kind, who: marker.who };
    }
    case "status_changed":
      // Waiting and starting are over before anybody reads of them, unless a dead worker is replaced.
      if (event.status === "queued") return null;
      if (event.status === "starting" && !event.reason?.startsWith(RECOVERING)) return null;
      return base;
    case "change_scheduled":
      return { ...base, kind: "change", why: event.note, commandId: event.command_id };
    case "refused":
      // A cancelled change is listed once, by the command that cancelled it.
      return event.reason.startsWith("Cancelled") ? null : { ...base, kind: "refused" };
    case "checkpoint_saved":
      return event.cause === "user" ? { ...base, kind: "checkpoint", who: actorName("owner") } : null;
    case "applied":
      return TOLD_COMMANDS.includes(event.command_kind) ? { ...base, why: event.note } : null;
    case "described":
      return event.guard === null && event.max_steps_per_s === null && !event.controls ? null : base;
    case "recovered":
    case "replayed":
    case "raised":
    case "warned":
      return base;
    case "command_sent":
    case "trashed":
    case "restored":
    case "checkpoint_pinned":
    case "checkpoint_removed":
    case "forked":
    case "exactness":
    case "worker_started":
    case "declared":
      return null;
    default: // of a newer server
      event satisfies never;
      return null;
  }
}

/** The other commands are told by what they changed. */
const TOLD_COMMANDS = ["extend", "cancel", "fork", "evaluate"];

/** How the reason of a start begins that replaces a dead worker. */
const RECOVERING = "recovering: ";

export const reasonText = (reason: string): string =>
  ({
    guard: "the cost blew up",
    no_viewer: "no page was open",
    disk_full: "the disk is full",
    disk_error: "writing to disk fails",
    terminated: "the worker received SIGTERM",
  })[reason] ?? reason;

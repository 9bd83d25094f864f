/** Which events are marked on the charts, and how near ones share a place. */

import type { EventOf, Family, Run, RunEvent } from "../api/types";

import { shownStep } from "../format/changeTime";
import type { Requests } from "./hyperparameters/override";
import { relativeText, requestOf, requestsOf } from "./hyperparameters/override";

export type MarkerKind = "lr" | "momentum" | "batch" | "change" | "pause" | "note" | "fork";

export interface Marker {
  eventId: number;
  step: number;
  kind: MarkerKind;
  text: string;
  who: string;
  why: string;
}

export interface MarkerGroup {
  x: number; // px from the left edge of the plot
  markers: Marker[];
}

/** Nearer than this, markers are drawn as one with a count, px. */
export const COLLAPSE_PX = 12;

const KINDS: string[] = ["lr", "momentum", "batch", "change", "pause", "note", "fork"] satisfies MarkerKind[];

export const isMarker = (kind: string): kind is MarkerKind => KINDS.includes(kind);

function changeKind({ before, after }: EventOf<"changed">): MarkerKind {
  const moved = Object.keys(after).filter((name) => before[name] !== after[name]);
  const names = moved.flatMap((name) => name.split(".")); // also "generator.learning_rate.0"
  // A linked change moves both; what the person asked for is the momentum.
  if (names.includes("momentum") || names.includes("beta1")) return "momentum";
  if (names.includes("learning_rate") || names.includes("base_learning_rate")) return "lr";
  if (names.includes("batch_size")) return "batch";
  return "change";
}

export const actorName = (actor: string): string => (actor === "owner" ? "you" : actor);

/** Why changes were made, where a note said so afterwards. Commands are counted within a run. */
export interface Reasons {
  notes: Map<string, string>;
  /** What the changes asked for, which may be relative to what a script says. */
  requests: Requests;
}

const reasonKey = (event: EventOf<"changed" | "note_added">): string =>
  `${event.run_id}:${event.command_id ?? 0}`;

export function reasonsOf(events: RunEvent[]): Reasons {
  const notes = events.filter((event) => event.kind === "note_added").filter((note) => note.command_id);
  return {
    notes: new Map(notes.map((note) => [reasonKey(note), note.text])),
    requests: requestsOf(events),
  };
}

/** The marker of an event, or null for what is not worth a mark on a curve. */
export function markerOf(event: RunEvent, reasons: Reasons): Marker | null {
  const { id: eventId, step } = event;
  switch (event.kind) {
    case "changed":
      return changeMarker(event, reasons);
    case "guard_tripped":
      return { eventId, step, kind: "pause", who: "guard", why: "", text: event.summary };
    case "note_added":
      if (event.command_id || event.replaces) return null;
      return { eventId, step, kind: "note", who: actorName(event.actor), why: "", text: event.summary };
    default:
      return null;
  }
}

/** The server's words, and how the change stands to what a script says. */
function changeSummary(event: EventOf<"changed">, reasons: Reasons): string {
  const relative = relativeText(requestOf(event, reasons.requests));
  return relative ? `${event.summary} (${relative})` : event.summary;
}

export const changeMarker = (event: EventOf<"changed">, reasons: Reasons): Marker => ({
  eventId: event.id,
  step: shownStep(event),
  kind: changeKind(event),
  text: changeSummary(event, reasons),
  who: actorName(event.actor),
  why: event.note || (reasons.notes.get(reasonKey(event)) ?? ""),
});

export function markersOf(events: RunEvent[]): Marker[] {
  const reasons = reasonsOf(events);
  const corrected = correctedNotes(events);
  return events.flatMap((event) => {
    const marker = markerOf(event, reasons);
    return marker ? [{ ...marker, text: corrected.get(event.id)?.[0] ?? marker.text }] : [];
  });
}

/** The texts of each note that was corrected, the newest first, by the id of its event. */
export function correctedNotes(events: RunEvent[]): Map<number, string[]> {
  const notes = events.filter((event) => event.kind === "note_added");
  const texts = new Map<number, string[]>();
  for (const note of notes) {
    const first = notes.find((other) => other.run_id === note.run_id && other.seq === note.replaces);
    if (first) texts.set(first.id, [note.text, ...(texts.get(first.id) ?? [first.text])]);
  }
  return texts;
}

/** Where this branch was forked, and where others were forked from it. The tree knows; events know only when. */
export function forkMarkers(run: Run, family: Family | null): Marker[] {
  const base = { kind: "fork" as const, who: "", why: "" };
  const nameOfRun = (id: number): string =>
    family?.runs.find((member) => member.id === id)?.name ?? `run ${id}`;
  const own = run.parent
    ? [
        {
          ...base,
          eventId: -run.id,
          step: run.parent.step,
          text: `Forked from ${nameOfRun(run.parent.run_id)}`,
        },
      ]
    : [];
  const others = (family?.runs ?? [])
    .filter((member) => member.parent?.run_id === run.id)
    .map((member) => ({
      ...base,
      eventId: -member.id,
      step: member.parent?.step ?? 0,
      text: `${member.name} forked here`,
    }));
  return [...own, ...others];
}

/** The parts of an open run that markers are made of. */
export interface MarkedRun {
  run: Run;
  family: Family | null;
  events: RunEvent[];
  inherited: RunEvent[];
}

/** Everything that is marked on the charts of a run, by step. */
export function allMarkers(open: MarkedRun): Marker[] {
  const markers = [...markersOf([...open.inherited, ...open.events]), ...forkMarkers(open.run, open.family)];
  return markers.sort((a, b) => a.step - b.step);
}

/** Groups markers whose places are nearer than `COLLAPSE_PX` to the group's first. */
export function groupMarkers(markers: Marker[], xOf: (step: number) => number): MarkerGroup[] {
  const groups: MarkerGroup[] = [];
  const positioned = markers.map((marker) => ({ marker, x: xOf(marker.step) }));
  positioned.sort((a, b) => a.x - b.x);
  for (const { marker, x } of positioned) {
    const last = groups.at(-1);
    if (last && x - last.x < COLLAPSE_PX) last.markers.push(marker);
    else groups.push({ x, markers: [marker] });
  }
  return groups;
}

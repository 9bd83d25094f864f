/** Which events are marked on the charts, and how near ones share a place. */
import type { Family, Run, RunEvent, Value, Values } from "../api/types";
import type { OpenRun } from "../state/page";
import { momentum, setting, whole } from "../text/numbers";

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

const NAMES: Record<string, string> = {
  learning_rate: "Learning rate",
  base_learning_rate: "Base learning rate",
  momentum: "Momentum",
  batch_size: "Batch size",
  beta1: "Adam β₁",
  beta2: "Adam β₂",
  epsilon: "Adam ε",
  weight_decay: "Weight decay",
  grad_clip: "Gradient clip",
  schedule: "Learning rate decay",
};

/** "learning_rate" → "Learning rate", also for names that only a task knows. */
export function nameOf(name: string): string {
  const plain = name.replace(/_/g, " ");
  return NAMES[name] ?? plain.charAt(0).toUpperCase() + plain.slice(1);
}

export function valueText(name: string, value: Value | undefined): string {
  if (value === undefined) return "–";
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value === "string") return value.replace(/_/g, " ");
  return ["momentum", "beta1", "beta2"].includes(name) ? momentum(value) : setting(value);
}

/** "Learning rate 0.01 → 0.005; Momentum 0.9 → 0.99", only of what differs. */
export function changeText(before: Values, after: Values): string {
  const moved = Object.keys(after).filter((name) => before[name] !== after[name]);
  // Under a schedule both learning rates move together; one line says it.
  const names = moved.includes("learning_rate") ? moved.filter((name) => name !== "base_learning_rate") : moved;
  const shown = names.length > 0 ? names : Object.keys(after);
  return shown
    .map((name) => {
      // A setting that did not apply before, as the base of a schedule that was just turned on, has no value to leave.
      const left = before[name] === undefined ? "" : `${valueText(name, before[name])} → `;
      return `${nameOf(name)} ${left}${valueText(name, after[name])}`;
    })
    .join("; ");
}

/** What a change did; on a ramp, where it leads: the optimizer has only begun to move. */
function changedText(event: RunEvent): string {
  const [before, after] = [event.before ?? {}, event.after ?? {}];
  if (!event.over_steps) return changeText(before, after);
  const { learning_rate: base, ...rest } = event.values ?? {};
  const rate: Values = base === undefined || "base_learning_rate" in after ? {} : { learning_rate: base };
  return `${changeText(before, { ...after, ...rest, ...rate })} over ${whole(event.over_steps)} steps`;
}

function changeKind(event: RunEvent): MarkerKind {
  const after = event.after ?? {};
  const names = Object.keys(after).filter((name) => event.before?.[name] !== after[name]);
  // A linked change moves both; what the person asked for is the momentum.
  if (names.includes("momentum") || names.includes("beta1")) return "momentum";
  if (names.includes("learning_rate") || names.includes("base_learning_rate")) return "lr";
  if (names.includes("batch_size")) return "batch";
  return "change";
}

export const whoDid = (actor: string | undefined): string =>
  actor === undefined || actor === "owner" ? "you" : actor;

/** Why changes were made, where somebody said so afterwards. Commands are counted within a run. */
export type Reasons = Map<string, string>;

const reasonKey = (event: RunEvent): string => `${event.run_id}:${event.command_id ?? 0}`;

export function reasonsOf(events: RunEvent[]): Reasons {
  const notes = events.filter((event) => event.kind === "note_added" && event.command_id);
  return new Map(notes.map((event) => [reasonKey(event), event.text ?? ""]));
}

const reasonOf = (reasons: Reasons, event: RunEvent): string => reasons.get(reasonKey(event)) ?? "";

/** The marker of an event, or null for what is not worth a mark on a curve. */
export function markerOf(event: RunEvent, reasons: Reasons): Marker | null {
  const mark = { eventId: event.id, step: event.step, who: whoDid(event.actor), why: event.note ?? "" };
  switch (event.kind) {
    case "changed":
      return {
        ...mark,
        kind: changeKind(event),
        text: changedText(event),
        why: event.note || reasonOf(reasons, event),
      };
    case "guard_tripped":
      return { ...mark, kind: "pause", who: "guard", text: guardText(event) };
    case "note_added":
      return event.command_id ? null : { ...mark, kind: "note", text: event.text ?? "" };
    default:
      return null;
  }
}

const guardText = (event: RunEvent): string =>
  event.message ?? `${event.value === "NaN" ? "NaN" : "Not finite"} at step ${whole(event.step)}`;

export function markersOf(events: RunEvent[]): Marker[] {
  const reasons = reasonsOf(events);
  return events.flatMap((event) => markerOf(event, reasons) ?? []);
}

/** Where this branch left its parent, and where others left it. The tree knows; events know only when. */
export function forksOf(run: Run, family: Family | null): Marker[] {
  const mark = { kind: "fork" as const, who: "", why: "" };
  const nameOfRun = (id: number): string => family?.runs.find((one) => one.id === id)?.name ?? `run ${id}`;
  const own = run.parent
    ? [{ ...mark, eventId: -run.id, step: run.parent.step, text: `Left ${nameOfRun(run.parent.run_id)} here` }]
    : [];
  const others = (family?.runs ?? [])
    .filter((one) => one.parent?.run_id === run.id)
    .map((one) => ({ ...mark, eventId: -one.id, step: one.parent?.step ?? 0, text: `${one.name} left here` }));
  return [...own, ...others];
}

/** Everything that is marked on the charts of a run, by step. */
export function marksOf(open: Pick<OpenRun, "run" | "family" | "events" | "inherited">): Marker[] {
  const marks = [...markersOf([...open.inherited, ...open.events]), ...forksOf(open.run, open.family)];
  return marks.sort((a, b) => a.step - b.step);
}

/** Groups markers whose places are nearer than `COLLAPSE_PX` to the group's first. */
export function collapse(markers: Marker[], place: (step: number) => number): MarkerGroup[] {
  const groups: MarkerGroup[] = [];
  const placed = markers.map((marker) => ({ marker, x: place(marker.step) }));
  placed.sort((a, b) => a.x - b.x);
  for (const { marker, x } of placed) {
    const last = groups.at(-1);
    if (last && x - last.x < COLLAPSE_PX) last.markers.push(marker);
    else groups.push({ x, markers: [marker] });
  }
  return groups;
}

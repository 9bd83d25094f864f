/** The address is part of the state: the page, the run and the view survive a reload. */
import { useSyncExternalStore } from "react";
import { below } from "../api/root";
import type { AxisKind, View } from "./page";
import { AXIS_KINDS, initialView } from "./page";

export interface Place {
  page: "babysit" | "runs" | "caviar";
  run: number | null;
  search: number | null;
}

const readers = new Set<() => void>();
let place = readPlace();

function readPlace(): Place {
  if (typeof location === "undefined") return { page: "babysit", run: null, search: null };
  const fields = new URLSearchParams(location.search);
  const page = location.pathname === below("/runs") ? "runs" : location.pathname === below("/caviar") ? "caviar" : "babysit";
  return { page, run: idIn(fields, "run"), search: idIn(fields, "search") };
}

/** A field of the address that names something by its number; null: it does not. */
export function idIn(fields: URLSearchParams, name: string): number | null {
  const id = Number(fields.get(name));
  return Number.isInteger(id) && id > 0 ? id : null;
}

function moved(): void {
  place = readPlace();
  for (const read of readers) read();
}

if (typeof window !== "undefined") window.addEventListener("popstate", moved);

export const getPlace = (): Place => place;

export const usePlace = (): Place =>
  useSyncExternalStore(
    (read) => {
      readers.add(read);
      return () => readers.delete(read);
    },
    () => place,
  );

/** `address` is given as if the page were served at "/". */
export function go(address: string, replace = false): void {
  if (replace) history.replaceState(null, "", below(address));
  else history.pushState(null, "", below(address));
  moved();
  if (!replace) window.scrollTo(0, 0);
}

export const runAddress = (id: number): string => `/?run=${id}`;
export const searchAddress = (id: number): string => `/caviar?search=${id}`;

/** What the address says about the view; what it does not say is as it is at first. */
export function readView(search: string): Partial<View> {
  const fields = new URLSearchParams(search);
  const view: Partial<View> = {};
  const axis = fields.get("x") as AxisKind | null;
  if (axis && AXIS_KINDS.includes(axis)) view.axis = axis;
  if (fields.get("log") === "1") view.log = true;
  const smooth = Number(fields.get("smooth"));
  if (smooth >= 1 && smooth <= 1000) view.smoothSteps = Math.round(smooth);
  const [from, to] = (fields.get("zoom") ?? "").split("-").map(Number);
  if (from !== undefined && to !== undefined && to > from && from >= 0) view.zoom = { from, to };
  const pinned = fields.get("pin");
  if (pinned !== null && Number.isFinite(Number(pinned))) view.pinned = Number(pinned);
  return view;
}

/** Writes the view behind the run, without a new entry in the history. */
export function writeView(view: View): void {
  if (place.page !== "babysit") return;
  const fields = new URLSearchParams();
  const first = initialView();
  if (place.run !== null) fields.set("run", String(place.run));
  if (view.axis !== first.axis) fields.set("x", view.axis);
  if (view.log) fields.set("log", "1");
  if (view.smoothSteps !== first.smoothSteps) fields.set("smooth", String(view.smoothSteps));
  if (view.zoom) fields.set("zoom", `${Math.round(view.zoom.from)}-${Math.round(view.zoom.to)}`);
  if (view.pinned !== null) fields.set("pin", String(view.pinned));
  const search = fields.size > 0 ? `?${fields}` : "";
  const address = below(`/${search}`);
  if (location.pathname + location.search !== address) history.replaceState(null, "", address);
}

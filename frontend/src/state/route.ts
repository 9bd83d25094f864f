/** The address is part of the state: the page, the run and the view survive a reload. */
import { withBaseUrl } from "../api/baseUrl";
import { SMOOTH_STEPS_MAX } from "../domain/smoothing";
import { createStore } from "./createStore";
import type { AxisKind, View } from "./state";
import { AXIS_KINDS, initialView } from "./state";

export interface Route {
  page: "babysit" | "runs" | "caviar" | "compare" | "machines" | "unknown";
  run: number | null;
  search: number | null;
}

/** The pages whose address is their name. */
const PAGES = ["runs", "caviar", "compare", "machines"] as const;
/** Where the page of a run is. */
const HOMES = ["/", "/index.html"];

const isHome = (pathname: string): boolean =>
  `${pathname}/` === withBaseUrl("/") || HOMES.some((home) => pathname === withBaseUrl(home));

const store = createStore(readRoute());

function readRoute(): Route {
  if (typeof location === "undefined") return { page: "babysit", run: null, search: null };
  const fields = new URLSearchParams(location.search);
  const named = PAGES.find((name) => location.pathname === withBaseUrl(`/${name}`));
  const page = named ?? (isHome(location.pathname) ? "babysit" : "unknown");
  return { page, run: readId(fields, "run"), search: readId(fields, "search") };
}

/** A field of the address that names something by its number; null: it does not. */
export function readId(fields: URLSearchParams, name: string): number | null {
  const id = Number(fields.get(name));
  return Number.isInteger(id) && id > 0 ? id : null;
}

const updateRoute = (): void => store.set(readRoute());

if (typeof window !== "undefined") window.addEventListener("popstate", updateRoute);

export const getRoute = store.get;
export const useRoute = (): Route => store.use();

/** `address` is given as if the page were served at "/". */
export function navigate(path: string, replace = false): void {
  if (replace) history.replaceState(null, "", withBaseUrl(path));
  else history.pushState(null, "", withBaseUrl(path));
  updateRoute();
  if (!replace) window.scrollTo(0, 0);
}

export const runPath = (id: number): string => `/?run=${id}`;
/** So many runs can be told apart on one chart. */
export const COMPARED_MAX = 6;
export const comparePath = (ids: number[]): string => `/compare?runs=${ids.join(",")}`;
export const searchPath = (id: number): string => `/caviar?search=${id}`;

/** What the address says about the view; what it does not say is as it is at first. */
export function readView(search: string): Partial<View> {
  const fields = new URLSearchParams(search);
  const view: Partial<View> = {};
  const axis = fields.get("x") as AxisKind | null;
  if (axis && AXIS_KINDS.includes(axis)) view.axis = axis;
  if (fields.get("log") === "1") view.log = true;
  const smooth = Number(fields.get("smooth"));
  if (smooth >= 1 && smooth <= SMOOTH_STEPS_MAX) view.smoothSteps = Math.round(smooth);
  const [from, to] = (fields.get("zoom") ?? "").split("-").map(Number);
  if (from !== undefined && to !== undefined && to > from && from >= 0) view.zoom = { from, to };
  const last = Number(fields.get("last"));
  if (Number.isInteger(last) && last > 0) view.follow = last;
  const pinned = fields.get("pin");
  if (pinned !== null && Number.isFinite(Number(pinned))) view.pinned = Number(pinned);
  return view;
}

/** Writes the view behind the run, without a new entry in the history. */
export function writeView(view: View): void {
  const route = getRoute();
  if (route.page !== "babysit") return;
  const fields = new URLSearchParams();
  const first = initialView();
  if (route.run !== null) fields.set("run", String(route.run));
  if (view.axis !== first.axis) fields.set("x", view.axis);
  if (view.log) fields.set("log", "1");
  if (view.smoothSteps !== first.smoothSteps) fields.set("smooth", String(view.smoothSteps));
  if (view.zoom) fields.set("zoom", `${Math.round(view.zoom.from)}-${Math.round(view.zoom.to)}`);
  if (view.follow !== null) fields.set("last", String(view.follow));
  if (view.pinned !== null) fields.set("pin", String(view.pinned));
  const search = fields.size > 0 ? `?${fields}` : "";
  const path = withBaseUrl(`/${search}`);
  if (location.pathname + location.search !== path) history.replaceState(null, "", path);
}

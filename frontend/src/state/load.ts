/** Fetches curves: what the charts show first, then the rest; a zoomed stretch; and what a stream left out. */
import * as api from "../api/client";
import type { Curves } from "../api/types";
import type { Series } from "./curves";
import { fromWire } from "./curves";
import type { CurveSet } from "./page";
import { RECORDED } from "./page";
import { SMOOTHED } from "./reduce";
import { dispatch, getPage } from "./store";
import { toastProblem } from "./toasts";

/** Points of an overview and of a zoomed stretch; a chart is hardly wider in pixels. */
const POINTS = 1000;

/** What stands on the charts. A star stands for whatever the task measures. */
const SHOWN = ["train/*", "val/*", "learning_rate", "momentum", "grad_norm"];

/** Series of which there is no point yet begin with the first one that is streamed. */
export const seriesOf = (curves: Curves): Record<string, Series> =>
  Object.fromEntries(
    Object.entries(curves.series)
      .filter(([, wire]) => wire.step.length > 0)
      .map(([name, wire]) => [name, fromWire(wire)]),
  );

const listed = (names: (string | undefined)[]): string => names.filter(Boolean).join(",");

/** Asks for what the charts show at once. Resolves to what puts it on the page; nothing is dispatched before. */
export async function startCurves(id: number): Promise<() => void> {
  const { smoothSteps, axis } = getPage().view;
  const range = { points: POINTS, family: true };
  const [raw, smooth] = await Promise.all([
    api.getCurves(id, { ...range, series: listed([...SHOWN, RECORDED[axis]]) }),
    smoothSteps > 1 ? api.getCurves(id, { ...range, smooth_steps: smoothSteps, series: listed(SMOOTHED) }) : null,
  ]);
  return () =>
    dispatch({
      type: "curves",
      runId: id,
      raw: seriesOf(raw),
      smooth: smooth ? seriesOf(smooth) : {},
      smoothSteps,
      lastStep: raw.last_step,
    });
}

/** What the other horizontal axes count; it can come later than the curves. */
export async function showRest(id: number): Promise<void> {
  const curves = await api.getCurves(id, { points: POINTS, family: true, series: listed(Object.values(RECORDED)) });
  dispatch({ type: "rest", runId: id, raw: seriesOf(curves) });
}

/** The curves anew, as the smoothing of another choice wants them. */
export async function reloadCurves(id: number): Promise<void> {
  try {
    (await startCurves(id))();
    const zoom = getPage().view.zoom;
    if (zoom) await loadDetail(id, zoom.from, zoom.to);
  } catch (error) {
    toastProblem(error);
  }
}

export async function loadStretch(id: number, from: number): Promise<void> {
  try {
    const curves = await api.getCurves(id, { from_step: from, points: POINTS });
    dispatch({ type: "stretch", runId: id, raw: seriesOf(curves), lastStep: curves.last_step });
  } catch {
    // The next `run` or `points` message asks again.
  }
}

/** A zoomed stretch at full resolution, smoothed over the full history as well. */
export async function loadDetail(id: number, from: number, to: number): Promise<void> {
  const range = { from_step: Math.floor(from), to_step: Math.ceil(to), points: POINTS, family: true };
  const steps = getPage().view.smoothSteps;
  try {
    const [raw, smooth] = await Promise.all([
      api.getCurves(id, { ...range, series: listed(SHOWN) }),
      steps > 1 ? api.getCurves(id, { ...range, smooth_steps: steps, series: listed(SMOOTHED) }) : null,
    ]);
    const detail: CurveSet["detail"] = { from, to, raw: seriesOf(raw), smooth: smooth ? seriesOf(smooth) : {} };
    dispatch({ type: "detail", runId: id, detail });
  } catch (error) {
    toastProblem(error);
  }
}

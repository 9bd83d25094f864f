/** Fetches curves: what the charts show first, then the rest; a zoomed range; and what a stream left out. */
import * as api from "../../api/client";
import type { Curves } from "../../api/types";
import type { Series } from "../../domain/series";
import { parseSeries } from "../../domain/series";
import { SMOOTHED } from "../reducer";
import type { CurveSet } from "../state";
import { AXIS_SERIES } from "../state";
import { dispatch, getPage } from "../store";
import { toastError } from "../toasts";

/** Points of an overview and of a zoomed range; a chart is hardly wider in pixels. */
const POINTS = 1000;

/** What stands on the charts. A star stands for whatever the task measures. */
const CHART_SERIES = ["train/*", "val/*", "learning_rate", "momentum", "grad_norm"];

/** How large the updates are, and how many a second. */
const HEALTH_SERIES = ["step_size", "steps_per_s"];

/** Series of which there is no point yet begin with the first one that is streamed. */
export const seriesOf = (curves: Curves): Record<string, Series> =>
  Object.fromEntries(
    Object.entries(curves.series)
      .filter(([, wire]) => wire.step.length > 0)
      .map(([name, wire]) => [name, parseSeries(wire)]),
  );

const joinNames = (names: (string | undefined)[]): string => names.filter(Boolean).join(",");

/** Asks for what the charts show at once. Resolves to what puts it on the page; nothing is dispatched before. */
export async function loadOverview(id: number): Promise<() => void> {
  const { smoothSteps, axis } = getPage().view;
  const range = { points: POINTS, family: true };
  const [raw, smooth] = await Promise.all([
    api.getCurves(id, { ...range, series: joinNames([...CHART_SERIES, AXIS_SERIES[axis]]) }),
    smoothSteps > 1
      ? api.getCurves(id, { ...range, smooth_steps: smoothSteps, series: joinNames(SMOOTHED) })
      : null,
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

/** What the other horizontal axes count, and of a script whatever it recorded; it can come later. */
export async function loadOtherSeries(id: number): Promise<void> {
  const curves = await api.getCurves(id, {
    points: POINTS,
    family: true,
    series: isScript(id) ? undefined : joinNames([...Object.values(AXIS_SERIES), ...HEALTH_SERIES]),
  });
  dispatch({ type: "rest", runId: id, raw: seriesOf(curves) });
}

/** Loads the curves again, smoothed as the page now asks for. */
export async function reloadCurves(id: number): Promise<void> {
  try {
    (await loadOverview(id))();
    await loadShownRange(id);
  } catch (error) {
    toastError(error);
  }
}

/** What is looked at closely, by a zoom or as the last steps, comes at full resolution besides. */
export async function loadShownRange(id: number): Promise<void> {
  const { open, view } = getPage();
  if (view.zoom) await loadDetail(id, view.zoom.from, view.zoom.to);
  else if (view.follow && open) await loadRange(id, Math.max(1, open.curves.lastStep - view.follow));
}

/** A script gives its series names of its own: all of them may stand on a chart. */
function isScript(id: number): boolean {
  const run = getPage().open?.run;
  return run?.id === id && Boolean(run.script);
}

export async function loadRange(id: number, from: number): Promise<void> {
  try {
    const curves = await api.getCurves(id, { from_step: from, points: POINTS });
    dispatch({ type: "range", runId: id, raw: seriesOf(curves), lastStep: curves.last_step });
  } catch {
    // The next `run` or `points` message asks again.
  }
}

/** A zoomed range at full resolution, smoothed over the full history as well. */
export async function loadDetail(id: number, from: number, to: number): Promise<void> {
  const range = { from_step: Math.floor(from), to_step: Math.ceil(to), points: POINTS, family: true };
  const steps = getPage().view.smoothSteps;
  try {
    const [raw, smooth] = await Promise.all([
      api.getCurves(id, { ...range, series: isScript(id) ? undefined : joinNames(CHART_SERIES) }),
      steps > 1 ? api.getCurves(id, { ...range, smooth_steps: steps, series: joinNames(SMOOTHED) }) : null,
    ]);
    const detail: CurveSet["detail"] = {
      from,
      to,
      raw: seriesOf(raw),
      smooth: smooth ? seriesOf(smooth) : {},
    };
    dispatch({ type: "detail", runId: id, detail });
  } catch (error) {
    toastError(error);
  }
}

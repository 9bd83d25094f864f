/** Curves as Plotly traces: raw, smoothed, envelope, and crosses where a curve ends. */
import type { Series } from "../domain/series";
import { decimate, windowOf } from "../domain/series";
import type { CurveSet } from "../state/state";
import type { Axis } from "./axis";
import { toX } from "./axis";
import type { Frame } from "./geometry";
import { withOpacity } from "./palette";

export interface Viewport {
  from: number; // steps
  to: number;
  columns: number; // px
  axis: Axis;
}

/** The part of a curve that is visible, from the zoomed range where that covers it. */
export function visibleSeries(
  curves: CurveSet,
  name: string,
  kind: "raw" | "smooth",
  viewport: Viewport,
): Series | null {
  const detail = curves.detail;
  const covered = detail !== null && detail.from <= viewport.from && detail.to >= viewport.to;
  const series = (covered ? detail[kind][name] : undefined) ?? curves[kind][name];
  if (!series || series.step.length === 0) return null;
  return decimate(windowOf(series, viewport.from, viewport.to), viewport.columns);
}

export interface LineStyle {
  colour: string;
  width: number;
  dash?: "solid" | "dash" | "dot" | "longdash" | "dashdot";
  shape?: "linear" | "hv";
}

const xsOf = (series: Series, axis: Axis): number[] =>
  axis.kind === "step" ? series.step : series.step.map((step) => toX(axis, step));

/** Infinity is no place on an axis, and NaN is a gap. */
const gaps = (values: number[]): (number | null)[] =>
  values.map((value) => (Number.isFinite(value) ? value : null));

export function line(series: Series, axis: Axis, style: LineStyle, values = series.value): object {
  const lonely = series.step.length === 1;
  return {
    type: "scatter",
    mode: lonely ? "markers" : "lines",
    x: xsOf(series, axis),
    y: gaps(values),
    connectgaps: false,
    hoverinfo: "skip",
    marker: { color: style.colour, size: 5 },
    line: {
      color: style.colour,
      width: style.width,
      dash: style.dash ?? "solid",
      shape: style.shape ?? "linear",
      simplify: false,
    },
  };
}

/**
 * The recorded values: between the least and the greatest of each merged point a band, and where nothing
 * is merged its two edges are one line. So no value can vanish, whatever was merged on the way here.
 */
export function envelope(series: Series, axis: Axis, colour: string): object[] {
  const x = xsOf(series, axis);
  const edges = { color: withOpacity(colour, 0.25), width: 1, simplify: false };
  const edge = { type: "scatter", mode: "lines", x, connectgaps: false, hoverinfo: "skip", line: edges };
  return [
    { ...edge, y: gaps(series.max) },
    { ...edge, y: gaps(series.min), fill: "tonexty", fillcolor: withOpacity(colour, 0.22) },
  ];
}

/**
 * A red cross at the last finite value before a curve becomes NaN or infinite. A cost that blew up first
 * is far above the range: its cross then stands at the edge, where it can be seen.
 */
export function crosses(
  ends: { step: number; value: number }[],
  frame: Frame,
  axis: Axis,
  colour: string,
): object[] {
  if (ends.length === 0) return [];
  const [low, high] = frame.log ? (frame.y.map((power) => 10 ** power) as [number, number]) : frame.y;
  return [
    {
      type: "scatter",
      mode: "markers",
      x: ends.map((end) => toX(axis, end.step)),
      y: ends.map((end) => Math.min(high, Math.max(low, end.value))),
      hoverinfo: "skip",
      cliponaxis: false,
      marker: { symbol: "x", size: 11, color: colour, line: { width: 0 } },
    },
  ];
}

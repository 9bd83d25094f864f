/** Hands a drawing to Plotly, which is loaded once and apart from the page. */

import { getRoute } from "../state/route";
import type { AxisKind } from "../state/state";
import type { Drawing } from "./drawing";
import { palette, withOpacity } from "./palette";
import { DrawingScheduler } from "./redraw/scheduler";

let Plotly: typeof import("plotly.js-cartesian-dist-min").default | null = null;

let loading: Promise<void> | null = null;

/** Resolved when lines can be drawn. */
export function canDraw(): Promise<void> {
  loading ??= import("plotly.js-cartesian-dist-min").then((module) => {
    Plotly = module.default;
  });
  return loading;
}

// Where charts come first it is needed first; elsewhere its megabyte would only be in the way.
if (getRoute().page === "babysit") void canDraw();

/** All charts of the page take turns here. */
export const scheduler = new DrawingScheduler({
  now: () => performance.now(),
  nextFrame: (act) => requestAnimationFrame(act),
  after: (ms, act) => setTimeout(act, ms),
});

// A static plot: crosshair, zoom and markers are the page's own, so Plotly adds no buttons or listeners.
const CONFIG = { staticPlot: true, displayModeBar: false, showSendToCloud: false, responsive: false };

/** Draws before it returns, so that what it costs can be seen; false: Plotly is not here yet. */
export function draw(element: HTMLElement, drawing: Drawing, ticks: boolean): boolean {
  if (Plotly === null) return false;
  void Plotly.react(element, drawing.traces, layoutOf(drawing, ticks), CONFIG);
  return true;
}

function layoutOf(drawing: Drawing, ticks: boolean): object {
  const colours = palette();
  const { box, x } = drawing.frame;
  const axis = {
    gridcolor: colours.grid,
    linecolor: colours.grid,
    zeroline: false,
    tickfont: { color: colours.muted, size: 11, family: colours.font },
    automargin: false,
    // Level, and left where they are: else Plotly measures every label after every draw.
    tickangle: 0,
    ticklabeloverflow: "allow",
    // "1e-3", not a raised 3: Plotly sets raised text with style attributes, which the content policy refuses.
    exponentformat: "e",
    fixedrange: true,
  };
  return {
    uirevision: "constant",
    width: box.width,
    height: box.height,
    margin: { l: box.left, r: box.right, t: box.top, b: box.bottom, pad: 0 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    showlegend: false,
    hovermode: false,
    dragmode: false,
    font: { family: colours.font, color: colours.text },
    xaxis: {
      ...axis,
      ...xTicks(drawing.axis.kind),
      range: x,
      showticklabels: ticks,
      gridcolor: withOpacity(colours.grid, 0.6),
      nticks: Math.max(3, Math.round(box.width / 110)),
    },
    yaxis: { ...axis, ...drawing.yaxis },
  };
}

function xTicks(kind: AxisKind): object {
  if (kind === "clock") return { type: "date" };
  if (kind === "active") return { type: "linear", ticksuffix: " s" };
  return { type: "linear", separatethousands: true, tickformat: kind === "epoch" ? "" : ",d" };
}

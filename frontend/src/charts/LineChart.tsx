/** One chart: Plotly draws the lines; markers, labels, crosshair and zoom lie above them. */
import { useEffect, useRef, useState } from "react";
import { whole } from "../format/numbers";
import { dispatch, getPage, subscribe, usePage } from "../state/store";
import { toX } from "./axis";
import { tailLabels, tailsAbove } from "./branches/tails";
import type { ChartName } from "./compose";
import { compose, visibleSteps } from "./compose";
import { canDraw, draw, scheduler } from "./draw";
import type { Drawing } from "./drawing";
import type { Box } from "./geometry";
import { plotHeight, spread, xToPx, yToPx } from "./geometry";
import { useGestures } from "./gestures";
import * as styles from "./LineChart.module.css";
import { Markers } from "./markers/Markers";
import { palette } from "./palette";
import { report } from "./perfProbe";
import { redrawIntervalMs } from "./redraw/redrawInterval";

export interface LineChartProps {
  name: ChartName;
  label: string;
  height: number;
  ticks: boolean;
  /** Room for the labels at the right end, px. */
  right: number;
  testId?: string;
  /** Shown while there is nothing to draw. */
  empty: string;
}

const LABEL_PX = 16;
/** A margin for the labels at the ends of curves is at least so wide. */
const LABELLED_PX = 40;
/** Room for the labels of the horizontal axis; a clock has the date in a second line. */
const TICKS_PX = [24, 40] as const;
const SUMMARY_MS = 10_000;

export function LineChart(props: LineChartProps) {
  const container = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLDivElement>(null);
  const drawn = useDrawing(props, container, canvas);
  const gestures = useGestures(container, drawn);
  const summary = useThrottledText(drawn?.summary ?? props.empty);
  return (
    <div
      ref={container}
      className={styles.chart}
      role="figure"
      tabIndex={0}
      aria-label={props.label}
      aria-roledescription="interactive chart"
      aria-description={`${summary} Arrow keys move the crosshair, M goes to the next change.`}
      data-testid={props.testId}
      data-chart={props.name}
      style={{ height: props.height }}
      {...gestures.listeners}
    >
      <div ref={canvas} className={styles.chartLines} aria-hidden="true" />
      {drawn ? <Overlay drawing={drawn} name={props.name} selection={gestures.selection} /> : null}
      {drawn ? null : <p className="chart-empty">{props.empty}</p>}
    </div>
  );
}

/** Keeps the chart drawn: whatever it depends on makes it dirty, and the scheduler says when. */
function useDrawing(
  props: LineChartProps,
  container: React.RefObject<HTMLDivElement | null>,
  canvas: React.RefObject<HTMLDivElement | null>,
): Drawing | null {
  const { name, right, height, ticks } = props;
  const [drawn, setDrawn] = useState<Drawing | null>(null);
  useEffect(() => {
    const outer = container.current;
    const inner = canvas.current;
    if (!outer || !inner) return undefined;
    let width = outer.clientWidth;
    let last: Drawing | null = null;
    const chart = {
      draw: () => {
        if (width === 0) return;
        const box: Box = {
          width,
          height,
          left: 46,
          right,
          top: ticks ? 14 : 6,
          bottom: ticks ? TICKS_PX[getPage().view.axis === "clock" ? 1 : 0] : 6,
        };
        last = compose(name, getPage(), box, palette(), Date.now());
        setDrawn(last);
        if (last === null || draw(inner, last, ticks)) report(name, last);
      },
      redrawIntervalMs: () => redrawIntervalMs(name, last, getPage().open),
    };
    const remove = scheduler.add(chart);
    void canDraw().then(() => scheduler.prioritize(chart));
    const unsubscribe = watchPage(
      () => scheduler.markDirty(chart),
      () => scheduler.prioritize(chart),
    );
    const sizes = new ResizeObserver((entries) => {
      width = Math.round(entries.at(-1)?.contentRect.width ?? outer.clientWidth);
      scheduler.prioritize(chart);
    });
    sizes.observe(outer);
    const visibility = new IntersectionObserver((entries) => {
      scheduler.setVisible(chart, entries.at(-1)?.isIntersecting ?? true);
    });
    visibility.observe(outer);
    const themed = () => scheduler.prioritize(chart);
    window.addEventListener("babysit:theme", themed);
    return () => {
      remove();
      unsubscribe();
      sizes.disconnect();
      visibility.disconnect();
      window.removeEventListener("babysit:theme", themed);
    };
  }, [name, right, height, ticks, container, canvas]);
  return drawn;
}

/** New points can wait for their turn; what a person switched cannot, nor an axis that all charts share. Frozen charts ignore new points. */
function watchPage(onPoints: () => void, onSwitch: () => void): () => void {
  let before = getPage();
  let lastRange = 0;
  return subscribe(() => {
    const page = getPage();
    const [view, old] = [page.view, before.view];
    const switched =
      view.axis !== old.axis ||
      view.log !== old.log ||
      view.zoom !== old.zoom ||
      view.follow !== old.follow ||
      view.showOutliers !== old.showOutliers ||
      view.frozen !== old.frozen ||
      view.hiddenBranches !== old.hiddenBranches ||
      view.litBranch !== old.litBranch ||
      page.open?.run.id !== before.open?.run.id ||
      page.open?.curves.detail !== before.open?.curves.detail ||
      page.open?.curves.loaded !== before.open?.curves.loaded ||
      page.open?.curves.smoothSteps !== before.open?.curves.smoothSteps ||
      page.open?.curves.branches !== before.open?.curves.branches;
    const range = page.open ? visibleSteps(page.open, view).to : 0;
    const jumped = range !== lastRange && !view.frozen;
    lastRange = range;
    const grown = page.open?.curves !== before.open?.curves;
    before = page;
    if (switched || jumped) onSwitch();
    else if (grown && !view.frozen) onPoints();
  });
}

interface OverlayProps {
  drawing: Drawing;
  name: ChartName;
  selection: { from: number; to: number } | null;
}

function Overlay({ drawing, name, selection }: OverlayProps) {
  const { frame } = drawing;
  const cursor = usePage((page) => page.view.hover ?? page.view.pinned);
  const pinned = usePage((page) => page.view.hover === null && page.view.pinned !== null);
  const ys = spread(
    drawing.labels.map((label) => yToPx(frame, label.value) - LABEL_PX / 2),
    LABEL_PX,
    0,
    frame.box.height - frame.box.bottom - LABEL_PX / 2,
  );
  const cursorPx = cursor === null ? null : xToPx(frame, toX(drawing.axis, cursor));
  const inside =
    cursorPx !== null && cursorPx >= frame.box.left - 1 && cursorPx <= frame.box.width - frame.box.right + 1;
  return (
    <>
      <Markers drawing={drawing} name={name} />
      {name === "cost" ? <TailNames drawing={drawing} /> : null}
      <OutlierNotice drawing={drawing} />
      {inside ? (
        <div
          className={pinned ? `${styles.crosshair} ${styles.pinned}` : styles.crosshair}
          style={{ left: cursorPx, top: frame.box.top, height: plotHeight(frame.box) }}
        />
      ) : null}
      {selection ? (
        <div
          className={styles.selection}
          style={{
            left: Math.min(selection.from, selection.to),
            width: Math.abs(selection.to - selection.from),
            top: frame.box.top,
            height: plotHeight(frame.box),
          }}
        />
      ) : null}
      {frame.box.right < LABELLED_PX
        ? null
        : drawing.labels.map((label, i) => (
            <span
              key={label.text.replace(/ \S+$/, "")}
              className={styles.endLabel}
              aria-hidden="true"
              style={{ top: ys[i], left: frame.box.width - frame.box.right + 6, color: label.colour }}
            >
              {label.text}
            </span>
          ))}
    </>
  );
}

/** The names of other branches, where their tails end. */
function TailNames({ drawing }: { drawing: Drawing }) {
  const { frame, tails, axis } = drawing;
  const labels = tailLabels(tails, frame, axis);
  const ys = spread(
    labels.map((label) => label.y - LABEL_PX),
    LABEL_PX,
    frame.box.top,
    frame.box.height - frame.box.bottom - LABEL_PX,
  );
  return labels.map((label, i) => {
    const leftwards = label.x > frame.box.width / 2;
    return (
      <span
        key={label.runId}
        className={styles.tailName}
        aria-hidden="true"
        data-lit={label.lit || undefined}
        style={{
          top: ys[i],
          left: leftwards ? undefined : label.x,
          right: leftwards ? frame.box.width - label.x : undefined,
        }}
      >
        {label.text}
      </span>
    );
  });
}

/** Says what the vertical range leaves out, and shows it on request. */
function OutlierNotice({ drawing }: { drawing: Drawing }) {
  const showing = usePage((page) => page.view.showOutliers);
  const { above, zeros, frame } = drawing;
  const branches = tailsAbove(drawing.tails, frame);
  if (above === 0 && zeros === 0 && branches === 0) return null;
  return (
    <div className={styles.leftOut} style={{ left: frame.box.left + 8, top: frame.box.top + 4 }}>
      {above > 0 ? (
        <button
          type="button"
          className="chip-button"
          onClick={() => dispatch({ type: "view", change: { showOutliers: !showing } })}
        >
          ▲ {whole(above)} {above === 1 ? "point" : "points"} above — show
        </button>
      ) : null}
      {branches > 0 ? (
        <span className={styles.chipNote}>
          ▲ {whole(branches)} {branches === 1 ? "branch" : "branches"} above
        </span>
      ) : null}
      {zeros > 0 ? (
        <span className={styles.chipNote}>{whole(zeros)} zero values not shown on a log axis</span>
      ) : null}
    </div>
  );
}

/** A text that changes at most every 10 s, so that a screen reader is not kept busy. */
function useThrottledText(text: string): string {
  const [shown, setShown] = useState(text);
  const latest = useRef(text);
  latest.current = text;
  useEffect(() => {
    const timer = setInterval(() => setShown(latest.current), SUMMARY_MS);
    return () => clearInterval(timer);
  }, []);
  return shown;
}

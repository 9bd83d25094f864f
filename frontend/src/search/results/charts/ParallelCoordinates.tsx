/** Each trial as a line through its values; a brushed range of an axis keeps only the lines through it. */
import { memo, useMemo, useRef, useState } from "react";
import type { Search, Trial } from "../../../api/searches";
import { whole } from "../../../format/numbers";
import { useElementWidth } from "../../../ui/hooks/useElementWidth";
import { usePhone } from "../../../ui/hooks/useMediaQuery";
import type { Axis } from "../../axes";
import { ticksOf, unitOf, VALUE_AXIS } from "../../axes";
import * as marks from "../../drawing.module.css";
import type { LineStyle, Plot, Point, TrialPath } from "../../trialPaths";
import { lineStyles, nearestTrial, pathOf, yOf } from "../../trialPaths";
import { isExcluded, ranked, withoutRepeats } from "../../trials";
import { BrushChips } from "./brush/BrushChips";
import { BrushHandle } from "./brush/BrushHandle";
import { BrushMenu } from "./brush/BrushMenu";
import type { Brushes } from "./brush/brush";
import { withBrush } from "./brush/brush";
import { HighlightLayer } from "./HighlightLayer";
import * as styles from "./ParallelCoordinates.module.css";
import { useHighlight } from "./useHighlight";

export interface ParallelCoordinatesProps {
  search: Search;
  /** Hyperparameters, then the objective. */
  axes: Axis[];
  brushes: Brushes;
  seen: ReadonlySet<number>;
  onBrush: (brushes: Brushes) => void;
}

/** Where a trial stands on an axis. The objective is no hyperparameter. */
export const axisPosition = (axis: Axis, trial: Trial): number | null =>
  unitOf(axis, axis.name === VALUE_AXIS ? trial.value : trial.values[axis.name]);

/** On a phone axes keep this distance, and the picture is moved sideways, px. */
const APART_PX = 78;
const WIDE_TOP_PX = 30;

export function ParallelCoordinates({ search, axes, brushes, seen, onBrush }: ParallelCoordinatesProps) {
  const phone = usePhone();
  const [showExcluded, setShowExcluded] = useState(false);
  const container = useRef<HTMLDivElement>(null);
  const room = useElementWidth(container);
  const width = phone ? Math.max(room, axes.length * APART_PX) : room;
  const partial = useMemo(
    () =>
      new Set(
        axes
          .filter((axis) => Object.keys(search.space[axis.name]?.when ?? {}).length > 0)
          .map((axis) => axis.name),
      ),
    [axes, search.space],
  );
  const plot: Plot = useMemo(
    () => ({
      width,
      height: phone ? 280 : 300,
      left: 38,
      right: 44,
      top: phone ? 46 : WIDE_TOP_PX,
      bottom: partial.size > 0 ? 36 : 14,
    }),
    [width, phone, partial],
  );
  const excludedCount = search.trials.filter(isExcluded).length;
  const lines = useMemo(
    () => trialLines(search.trials, axes, plot, showExcluded),
    [search.trials, axes, plot, showExcluded],
  );
  const styleOf = useMemo(() => lineStyles(search.trials, seen), [search.trials, seen]);
  const order = useMemo(() => ranked(search.trials), [search.trials]);
  const { onKeyDown, onBlur, ...pointer } = useHighlight((x, y) => nearestTrial(lines, x, y), order);
  const count = lines.filter(({ trial }) => seen.has(trial.number)).length;
  return (
    <section className="panel" aria-labelledby="caviar-parallel">
      <div className="panel-head">
        <h2 id="caviar-parallel">Parallel coordinates</h2>
        <p className="muted headline numbers">
          {count === lines.length
            ? `${whole(count)} trials`
            : `${whole(count)} of ${whole(lines.length)} trials`}
        </p>
        <div className="tools">
          {excludedCount > 0 ? (
            <button
              type="button"
              className="chip-button"
              aria-pressed={showExcluded}
              onClick={() => setShowExcluded(!showExcluded)}
            >
              {showExcluded ? "Hide" : "Show"} {whole(excludedCount)} excluded
            </button>
          ) : null}
          <BrushMenu axes={axes} brushes={brushes} ranked={order} mode={search.mode} onBrush={onBrush} />
        </div>
      </div>
      <BrushChips axes={axes} brushes={brushes} onBrush={onBrush} />
      <div
        ref={container}
        className={`${marks.many} ${styles.manyWide}`}
        role="figure"
        tabIndex={0}
        aria-label="Parallel coordinates"
        aria-roledescription="interactive chart"
        aria-description={`${whole(count)} trials over ${axes.map((axis) => axis.label).join(", ")}. Arrow keys highlight one trial after the other, best first; the table below has the same.`}
        data-lines={count}
        onKeyDown={onKeyDown}
        onBlur={onBlur}
      >
        <div
          className={styles.manyCanvas}
          style={{ width: width || undefined, height: plot.height }}
          {...pointer}
        >
          {width > 0 ? (
            <>
              <HighlightLayer lines={lines} plot={plot} />
              <Lines
                lines={lines}
                partial={partial}
                styleOf={styleOf}
                axes={axes}
                plot={plot}
                best={order.slice(0, 3).map((trial) => trial.number)}
              />
              {axes.map((axis, i) => (
                <BrushHandle
                  key={axis.name}
                  axis={axis}
                  x={axisX(plot, axes, i)}
                  plot={plot}
                  brush={brushes[axis.name]}
                  onBrush={(to) => onBrush(withBrush(brushes, axis.name, to))}
                />
              ))}
            </>
          ) : null}
        </div>
        {lines.length === 0 ? <p className="chart-empty">Trials appear here as they finish.</p> : null}
      </div>
    </section>
  );
}

const axisX = (plot: Plot, axes: readonly Axis[], i: number): number =>
  plot.left + (axes.length < 2 ? 0.5 : i / (axes.length - 1)) * (plot.width - plot.left - plot.right);

/** Where a trial without a value passes an axis: below its low end, in a place of its own. */
const NO_VALUE_AT = -0.09;

/** A line goes through all axes; just beyond one when its value is. */
function trialLines(
  trials: readonly Trial[],
  axes: readonly Axis[],
  plot: Plot,
  showExcluded: boolean,
): TrialPath[] {
  return withoutRepeats(trials)
    .filter((trial) => (trial.fits && trial.value !== null) || (showExcluded && isExcluded(trial)))
    .map((trial) => {
      const points = axes.map((axis, i): Point | null => {
        const at = axisPosition(axis, trial);
        if (at === null && axis.name === VALUE_AXIS) return null;
        return [
          axisX(plot, axes, i),
          yOf(plot, at === null ? NO_VALUE_AT : Math.min(1.04, Math.max(-0.04, at))),
        ];
      });
      return { trial, points, end: null };
    });
}

interface LinesProps {
  lines: TrialPath[];
  styleOf: Map<number, LineStyle>;
  axes: Axis[];
  /** Names of the axes that not every trial has a value on. */
  partial: ReadonlySet<string>;
  plot: Plot;
  best: number[];
}

const Lines = memo(function Lines({ lines, styleOf, axes, partial, plot, best }: LinesProps) {
  const of = (style: LineStyle): string =>
    lines
      .filter(({ trial }) => styleOf.get(trial.number) === style)
      .map(({ points }) => pathOf(points))
      .join("");
  return (
    <svg className={marks.drawing} width={plot.width} height={plot.height} aria-hidden="true">
      {(["out", "outside", "plain", "good"] as const).map((style) => (
        <path key={style} className={marks.trialLine} data-look={style} d={of(style)} />
      ))}
      {[...best].reverse().map((number) => {
        const line = lines.find(({ trial }) => trial.number === number);
        return line && styleOf.get(number) === "bright" ? (
          <path
            key={number}
            className={marks.trialLine}
            data-look="bright"
            data-best={best.indexOf(number) + 1}
            d={pathOf(line.points)}
          />
        ) : null;
      })}
      {axes.map((axis, i) => (
        <AxisLine
          key={axis.name}
          axis={axis}
          partial={partial.has(axis.name)}
          x={axisX(plot, axes, i)}
          plot={plot}
          last={i === axes.length - 1}
          first={i === 0}
        />
      ))}
    </svg>
  );
});

function AxisLine({
  axis,
  partial,
  x,
  plot,
  first,
  last,
}: {
  axis: Axis;
  partial: boolean;
  x: number;
  plot: Plot;
  first: boolean;
  last: boolean;
}) {
  // Where axes stand close, a name of two words takes two lines.
  const lines =
    plot.top > WIDE_TOP_PX && axis.label.includes(" ")
      ? axis.label.split(/ (.*)/).filter(Boolean)
      : [axis.label];
  const anchor = first ? "start" : last ? "end" : "middle";
  const nameX = first ? 2 : last ? plot.width - 2 : x;
  return (
    <g>
      {lines.map((line, i) => (
        <text key={line} className={`${styles.axisName} ${anchor}`} x={nameX} y={14 + i * 14}>
          {line}
        </text>
      ))}
      <line className={marks.axisLine} x1={x} x2={x} y1={plot.top} y2={plot.height - plot.bottom} />
      {partial ? (
        <text
          className={`${marks.tick} ${marks.middle} ${styles.halo}`}
          x={x}
          y={yOf(plot, NO_VALUE_AT) + 14}
        >
          not drawn
        </text>
      ) : null}
      {ticksOf(axis, 7).map(({ at, text }) => (
        <g key={`${text}${at}`}>
          <line
            className={marks.axisTick}
            x1={x - (text ? 4 : 2)}
            x2={x}
            y1={yOf(plot, at)}
            y2={yOf(plot, at)}
          />
          {text ? (
            <text
              className={last ? `${marks.tick} ${styles.halo}` : `${marks.tick} ${marks.end} ${styles.halo}`}
              x={last ? x + 6 : x - 7}
              y={yOf(plot, at) + 4}
            >
              {text}
            </text>
          ) : null}
        </g>
      ))}
    </g>
  );
}

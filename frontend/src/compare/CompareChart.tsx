/** One series of several runs on one chart. */
import { useMemo, useRef } from "react";
import type { Frame } from "../charts/geometry";
import { pxToX, robustRange, spread, xToPx, yToPx } from "../charts/geometry";
import type { Series } from "../domain/series";
import { lastStep, valueAt } from "../domain/series";
import { metricName } from "../format/hyperparameters";
import { measured, whole } from "../format/numbers";
import { useElementWidth } from "../ui/hooks/useElementWidth";
import { usePhone } from "../ui/hooks/useMediaQuery";
import * as styles from "./CompareChart.module.css";
import { linearTicks, logTicks } from "./ticks";

interface ComparedLine {
  /** Its colour and dash; the same on all charts. */
  index: number;
  name: string;
  series: Series;
}

export interface CompareChartProps {
  /** The name of the series. */
  name: string;
  lines: ComparedLine[];
  /** The first step in sight. */
  from: number;
  log: boolean;
  /** The step under the pointer, on any of the charts. */
  hover: number | null;
  onHover: (step: number | null) => void;
}

const HEIGHT = 240;
const LABEL_PX = 15;

export function CompareChart({ name, lines, from, log, hover, onHover }: CompareChartProps) {
  const container = useRef<HTMLDivElement>(null);
  const width = useElementWidth(container);
  const phone = usePhone();
  const frame = useMemo(
    () => frameOf(lines, { from, log, width, right: phone ? 12 : 64 }),
    [lines, from, log, width, phone],
  );
  const ends = lines.map(({ series }) => valueAt(series, lastStep(series)));
  const texts = lines.map(({ name: run }, i) => `${run} ${measured(ends[i])}`);
  const title = metricName(name);
  const onPointerMove = (event: React.PointerEvent) => {
    const left = container.current?.getBoundingClientRect().left ?? 0;
    if (frame) onHover(Math.max(from, Math.round(pxToX(frame, event.clientX - left))));
  };
  return (
    <section className={`panel ${styles.panel}`} aria-label={title}>
      <div className="panel-head">
        <h2>{title.charAt(0).toUpperCase() + title.slice(1)}</h2>
        <ReadOut lines={lines} step={hover} />
      </div>
      <div
        ref={container}
        className={styles.chart}
        role="img"
        aria-label={`${title} by step: ${texts.join(", ")}.`}
        style={{ height: HEIGHT }}
        onPointerMove={onPointerMove}
        onPointerLeave={() => onHover(null)}
      >
        {frame && width > 0 ? (
          <svg className={styles.drawing} width={width} height={HEIGHT} aria-hidden="true">
            <Grid frame={frame} />
            <Lines lines={lines} frame={frame} labelled={!phone} id={name} />
            {hover === null ? null : (
              <line
                className={styles.cursor}
                x1={xToPx(frame, hover)}
                x2={xToPx(frame, hover)}
                y1={frame.box.top}
                y2={HEIGHT - frame.box.bottom}
              />
            )}
          </svg>
        ) : null}
      </div>
    </section>
  );
}

interface FrameChoice {
  from: number;
  log: boolean;
  width: number;
  right: number;
}

function frameOf(lines: ComparedLine[], { from, log, width, right }: FrameChoice): Frame | null {
  const visible = lines.flatMap(({ series }) => series.value.filter((_, i) => (series.step[i] ?? 0) >= from));
  const values = log ? visible.filter((value) => value > 0).map(Math.log10) : visible;
  const to = Math.max(...lines.map(({ series }) => lastStep(series)), from + 1);
  if (!values.some(Number.isFinite)) return null;
  const box = { width, height: HEIGHT, left: 46, right, top: 8, bottom: 24 };
  return { box, x: [from, to], y: robustRange(values, false).range, log };
}

/** The values under the pointer, each beside the mark of its run. */
function ReadOut({ lines, step }: { lines: ComparedLine[]; step: number | null }) {
  if (step === null) return null;
  return (
    <p className={`${styles.readout} headline numbers`}>
      <span className="muted">step {whole(step)}</span>
      {lines.map(({ index, name, series }) => (
        <span key={index} title={name}>
          <Mark index={index} /> {step > lastStep(series) ? "–" : measured(valueAt(series, step))}
        </span>
      ))}
    </p>
  );
}

/** A short piece of a run's line. */
export function Mark({ index }: { index: number }) {
  return (
    <svg className={styles.mark} width="18" height="8" aria-hidden="true">
      <line className={styles.line} data-run={index} x1="0" x2="18" y1="4" y2="4" />
    </svg>
  );
}

function Grid({ frame }: { frame: Frame }) {
  const { box, x, y, log } = frame;
  const ys = log ? logTicks(10 ** y[0], 10 ** y[1]) : linearTicks(y[0], y[1], 5);
  return (
    <g>
      {ys.map((tick) => (
        <g key={tick}>
          <line
            className={styles.grid}
            x1={box.left}
            x2={box.width - box.right}
            y1={yToPx(frame, tick)}
            y2={yToPx(frame, tick)}
          />
          <text className={styles.tick} x={box.left - 7} y={yToPx(frame, tick) + 4} textAnchor="end">
            {tick}
          </text>
        </g>
      ))}
      {linearTicks(x[0], x[1], Math.max(2, Math.round(box.width / 130))).map((tick) => (
        <text
          key={tick}
          className={styles.tick}
          x={xToPx(frame, tick)}
          y={box.height - 6}
          textAnchor="middle"
        >
          {whole(tick)}
        </text>
      ))}
    </g>
  );
}

interface LinesProps {
  lines: ComparedLine[];
  frame: Frame;
  labelled: boolean;
  id: string;
}

function Lines({ lines, frame, labelled, id }: LinesProps) {
  const { box } = frame;
  const ends = lines.map(({ series }) => valueAt(series, lastStep(series)));
  const bottom = box.height - box.bottom - LABEL_PX;
  const tops = ends.map((end) => (end !== null && Number.isFinite(end) ? yToPx(frame, end) - 7 : 0));
  const ys = spread(tops, LABEL_PX, 0, bottom);
  return (
    <g>
      <clipPath id={`compare-${id}`}>
        <rect
          x={box.left}
          y={box.top - 4}
          width={Math.max(0, box.width - box.left - box.right + 2)}
          height={box.height - box.top - box.bottom + 6}
        />
      </clipPath>
      <g clipPath={`url(#compare-${id})`}>
        {lines.map(({ index, series }) => (
          <path key={index} className={styles.line} data-run={index} d={pathOf(series, frame)} />
        ))}
      </g>
      {labelled
        ? lines.map(({ index }, i) => (
            <text
              key={index}
              className={styles.label}
              data-run={index}
              x={box.width - box.right + 6}
              y={(ys[i] ?? 0) + 11}
            >
              {measured(ends[i])}
            </text>
          ))
        : null}
    </g>
  );
}

/** A value that is no number, or has no place on a log axis, breaks the line. */
function pathOf(series: Series, frame: Frame): string {
  let pen = "M";
  return series.step
    .map((step, i) => {
      const value = series.value[i] as number;
      if (!Number.isFinite(value) || (frame.log && value <= 0)) {
        pen = "M";
        return "";
      }
      const point = `${pen}${xToPx(frame, step).toFixed(1)} ${yToPx(frame, value).toFixed(1)}`;
      pen = "L";
      return point;
    })
    .join("");
}

/** The objective of every trial as it trains: the best three bright, what does not count dashed. */
import { memo, useMemo, useRef, useState } from "react";
import type { Search, TrialCurves as TrialCurvesData } from "../../../api/searches";
import { spread } from "../../../charts/geometry";
import { measured, whole } from "../../../format/numbers";
import { seriesWord } from "../../../format/objective";
import { useElementWidth } from "../../../ui/hooks/useElementWidth";
import { usePhone } from "../../../ui/hooks/useMediaQuery";
import { evenly, ticksOf } from "../../axes";
import * as marks from "../../drawing.module.css";
import type { CurvesLayout, LineStyle, Plot } from "../../trialPaths";
import { layoutCurves, lineStyles, nearestTrial, pathOf, xOf, yOf } from "../../trialPaths";
import { ranked } from "../../trials";
import { HighlightLayer } from "./HighlightLayer";
import * as styles from "./TrialCurves.module.css";
import { useHighlight } from "./useHighlight";

export interface TrialCurvesProps {
  search: Search;
  curves: TrialCurvesData["runs"];
  /** Numbers of the trials that the brushes leave. */
  seen: ReadonlySet<number>;
}

export function TrialCurves({ search, curves, seen }: TrialCurvesProps) {
  const [log, setLog] = useState(true);
  const phone = usePhone();
  const container = useRef<HTMLDivElement>(null);
  const width = useElementWidth(container);
  const plot: Plot = useMemo(
    () => ({ width, height: phone ? 240 : 300, left: 46, right: 34, top: 10, bottom: 24 }),
    [width, phone],
  );
  const drawing = useMemo(() => layoutCurves(search, curves, plot, log), [search, curves, plot, log]);
  const styleOf = useMemo(() => lineStyles(search.trials, seen), [search.trials, seen]);
  const order = useMemo(() => ranked(search.trials), [search.trials]);
  const listeners = useHighlight((x, y) => nearestTrial(drawing.curves, x, y), order);
  const best = order[0];
  const word = seriesWord(search.objective);
  const summary =
    drawing.curves.length === 0
      ? "No trial has been evaluated yet."
      : `${whole(drawing.curves.length)} trials; the best is trial ${best?.number ?? "–"}, ${word} ${measured(best?.value)}.`;
  return (
    <section className="panel" aria-labelledby="caviar-curves">
      <div className="panel-head">
        <h2 id="caviar-curves">Live curves</h2>
        <p className="muted headline">{word} by step</p>
        <div className="tools">
          {search.mode === "min" ? (
            <button
              type="button"
              className="button toggle"
              aria-pressed={log}
              aria-label="Logarithmic vertical axis"
              onClick={() => setLog(!log)}
            >
              Log
            </button>
          ) : null}
        </div>
      </div>
      <div
        ref={container}
        className={marks.many}
        role="figure"
        tabIndex={0}
        aria-label="Live curves chart"
        aria-roledescription="interactive chart"
        aria-description={`${summary} Arrow keys highlight one trial after the other, best first; Enter opens it.`}
        data-lines={drawing.curves.length}
        {...listeners}
      >
        {width > 0 ? <HighlightLayer lines={drawing.curves} plot={plot} clip="url(#curves-clip)" /> : null}
        {width > 0 ? (
          <Lines
            drawing={drawing}
            plot={plot}
            styleOf={styleOf}
            best={order.slice(0, 3).map((trial) => trial.number)}
          />
        ) : null}
        {drawing.curves.length === 0 ? (
          <p className="chart-empty">Waiting for the first evaluation…</p>
        ) : null}
      </div>
    </section>
  );
}

interface LinesProps {
  drawing: CurvesLayout;
  plot: Plot;
  styleOf: Map<number, LineStyle>;
  /** Numbers, best first. */
  best: number[];
}

const Lines = memo(function Lines({ drawing, plot, styleOf, best }: LinesProps) {
  const of = (style: LineStyle): string =>
    drawing.curves
      .filter(({ trial }) => styleOf.get(trial.number) === style)
      .map(({ points }) => pathOf(points))
      .join("");
  const bright = best.flatMap((number) => {
    const curve = drawing.curves.find(({ trial }) => trial.number === number);
    return curve && styleOf.get(number) === "bright" ? [curve] : [];
  });
  const labels = bright.filter(({ end }) => end !== null);
  const ys = spread(
    labels.map(({ end }) => (end?.[1] ?? 0) - 7),
    15,
    0,
    plot.height - plot.bottom - 7,
  );
  return (
    <svg className={marks.drawing} width={plot.width} height={plot.height} aria-hidden="true">
      <Frame drawing={drawing} plot={plot} />
      <clipPath id="curves-clip">
        <rect
          x={plot.left}
          y={plot.top - 4}
          width={Math.max(0, plot.width - plot.left - plot.right + 4)}
          height={plot.height - plot.top - plot.bottom + 6}
        />
      </clipPath>
      <g clipPath="url(#curves-clip)">
        {(["out", "outside", "plain", "good"] as const).map((style) => (
          <path key={style} className={marks.trialLine} data-look={style} d={of(style)} />
        ))}
        {bright.map(({ trial, points }) => (
          <path
            key={trial.number}
            className={marks.trialLine}
            data-look="bright"
            data-best={best.indexOf(trial.number) + 1}
            d={pathOf(points)}
          />
        ))}
      </g>
      {labels.map(({ trial }, i) => (
        <text
          key={trial.number}
          className={styles.trialLabel}
          data-best={best.indexOf(trial.number) + 1}
          x={plot.width - plot.right + 7}
          y={(ys[i] ?? 0) + 11}
        >
          {trial.number}
        </text>
      ))}
    </svg>
  );
});

function Frame({ drawing, plot }: { drawing: CurvesLayout; plot: Plot }) {
  const steps = evenly(0, drawing.steps, true).filter((step) => step <= drawing.steps);
  return (
    <g>
      {ticksOf(drawing.cost)
        .filter((tick) => tick.text)
        .map(({ at, text }) => (
          <g key={text}>
            <line
              className={marks.gridLine}
              x1={plot.left}
              x2={plot.width - plot.right}
              y1={yOf(plot, at)}
              y2={yOf(plot, at)}
            />
            <text className={`${marks.tick} ${marks.end}`} x={plot.left - 7} y={yOf(plot, at) + 4}>
              {text}
            </text>
          </g>
        ))}
      {drawing.curves.length > 0
        ? steps.map((step) => (
            <text
              key={step}
              className={`${marks.tick} ${marks.middle}`}
              x={xOf(plot, step / drawing.steps)}
              y={plot.height - 6}
            >
              {whole(step)}
            </text>
          ))
        : null}
    </g>
  );
}

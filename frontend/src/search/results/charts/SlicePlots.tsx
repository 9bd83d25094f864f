/** The objective against each hyperparameter alone, with the best of each bin: where nothing good lies, and how wide good is. */
import { memo, useMemo, useRef } from "react";
import type { Importance, Search, Trial } from "../../../api/searches";
import { measured } from "../../../format/numbers";
import { seriesWord } from "../../../format/objective";
import { useElementWidth } from "../../../ui/hooks/useElementWidth";
import type { Axis } from "../../axes";
import { ticksOf, unitOf } from "../../axes";
import * as marks from "../../drawing.module.css";
import type { Plot } from "../../trialPaths";
import { xOf, yOf } from "../../trialPaths";
import { isExcluded, ranked, withoutRepeats } from "../../trials";
import { setHovered, togglePinned, useHighlighted } from "./highlight";
import * as styles from "./SlicePlots.module.css";
import { bestOfBins } from "./slices";

export interface SlicePlotsProps {
  search: Search;
  /** Hyperparameters only. */
  axes: Axis[];
  cost: Axis;
  seen: ReadonlySet<number>;
  importance: Importance | null;
}

export function SlicePlots({ search, axes, cost, seen, importance }: SlicePlotsProps) {
  return (
    <section className="panel" aria-labelledby="caviar-slices">
      <div className="panel-head">
        <h2 id="caviar-slices">Slices: best {seriesWord(search.objective)} per range</h2>
        <p className="muted headline">
          {seriesWord(search.objective)} against one hyperparameter at a time; the line is the best found
          there
        </p>
      </div>
      <div className={styles.slices}>
        {axes.map((axis) => (
          <SlicePlot
            key={axis.name}
            axis={axis}
            cost={cost}
            search={search}
            seen={seen}
            part={importance?.importance[axis.name]}
          />
        ))}
      </div>
    </section>
  );
}

const FAR_PX = 14;

function SlicePlot({
  axis,
  cost,
  search,
  seen,
  part,
}: {
  axis: Axis;
  cost: Axis;
  search: Search;
  seen: ReadonlySet<number>;
  part?: number;
}) {
  const container = useRef<HTMLDivElement>(null);
  const width = useElementWidth(container);
  const plot: Plot = useMemo(
    () => ({ width, height: 148, left: 40, right: 12, top: 8, bottom: 22 }),
    [width],
  );
  const spots = useMemo(() => spotsOf(search, axis, cost, plot), [search, axis, cost, plot]);
  const bins = useMemo(() => bestOfBins(axis, search.trials), [axis, search.trials]);
  const best = bins.reduce<(typeof bins)[number] | null>(
    (least, bin) => (least && least.loss <= bin.loss ? least : bin),
    null,
  );
  const near = (event: React.PointerEvent | React.MouseEvent): number | null => {
    const box = event.currentTarget.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let [nearest, least]: [number | null, number] = [null, FAR_PX];
    for (const spot of spots) {
      const away = Math.hypot(spot.x - x, spot.y - y);
      if (away < least) [nearest, least] = [spot.trial.number, away];
    }
    return nearest;
  };
  return (
    <div className={styles.slice}>
      <h3>
        {axis.label}
        {part !== undefined ? <span className="muted numbers"> · {Math.round(part * 100)} %</span> : null}
      </h3>
      <div
        ref={container}
        className={marks.many}
        role="img"
        aria-label={`${cost.label} by ${axis.label}${best ? `: best ${measured(best.best)}` : ""}`}
        onPointerMove={(event) => setHovered(near(event))}
        onPointerLeave={() => setHovered(null)}
        onClick={(event) => togglePinned(near(event))}
      >
        <HighlightedDot spots={spots} plot={plot} />
        {width > 0 ? (
          <SlicePicture axis={axis} cost={cost} plot={plot} spots={spots} bins={bins} seen={seen} />
        ) : null}
      </div>
    </div>
  );
}

interface Spot {
  trial: Trial;
  x: number;
  y: number;
}

/** Without a value a trial stands at the worse edge, hollow: it was tried there and came to nothing. */
function spotsOf(search: Search, axis: Axis, cost: Axis, plot: Plot): Spot[] {
  const worse = search.mode === "min" ? 1 : 0;
  return withoutRepeats(search.trials).flatMap((trial) => {
    const at = unitOf(axis, trial.values[axis.name]);
    if (at === null || trial.outcome === "waiting" || trial.outcome === "running") return [];
    const up = unitOf(cost, trial.value) ?? worse;
    return [
      { trial, x: xOf(plot, Math.min(1, Math.max(0, at))), y: yOf(plot, Math.min(1, Math.max(0, up))) },
    ];
  });
}

const dots = (spots: Spot[]): string =>
  spots.map(({ x, y }) => `M${x.toFixed(1)} ${y.toFixed(1)}h0`).join("");

const SlicePicture = memo(function SlicePicture({
  axis,
  cost,
  plot,
  spots,
  bins,
  seen,
}: {
  axis: Axis;
  cost: Axis;
  plot: Plot;
  spots: Spot[];
  bins: ReturnType<typeof bestOfBins>;
  seen: ReadonlySet<number>;
}) {
  const counted = spots.filter(({ trial }) => !isExcluded(trial));
  const best = ranked(counted.map(({ trial }) => trial))[0];
  const floor = yOf(plot, 0);
  return (
    <svg className={marks.drawing} width={plot.width} height={plot.height} aria-hidden="true">
      {ticksOf(cost, 4)
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
            <text className={`${marks.tick} ${marks.end}`} x={plot.left - 6} y={yOf(plot, at) + 4}>
              {text}
            </text>
          </g>
        ))}
      <line className={marks.axisLine} x1={plot.left} x2={plot.width - plot.right} y1={floor} y2={floor} />
      {ticksOf(axis, Math.max(2, Math.floor(plot.width / 58))).map(({ at, text }) => (
        <g key={`${text}${at}`}>
          <line
            className={marks.axisTick}
            x1={xOf(plot, at)}
            x2={xOf(plot, at)}
            y1={floor}
            y2={floor + (text ? 4 : 2)}
          />
          {text ? (
            <text className={`${marks.tick} ${marks.middle}`} x={xOf(plot, at)} y={plot.height - 5}>
              {text}
            </text>
          ) : null}
        </g>
      ))}
      {bins.map((bin) => {
        const y = yOf(plot, Math.min(1, Math.max(0, unitOf(cost, bin.best) ?? 1)));
        return (
          <line
            key={bin.from}
            className={styles.binBest}
            x1={xOf(plot, bin.from) + 1}
            x2={xOf(plot, bin.to) - 1}
            y1={y}
            y2={y}
          />
        );
      })}
      <path
        className={styles.dots}
        data-look="out"
        d={dots(counted.filter(({ trial }) => !seen.has(trial.number)))}
      />
      <path
        className={styles.dots}
        d={dots(counted.filter(({ trial }) => seen.has(trial.number) && trial !== best))}
      />
      {spots
        .filter(({ trial }) => isExcluded(trial))
        .map(({ trial, x, y }) => (
          <circle key={trial.number} className={styles.dotHollow} cx={x} cy={y} r={3} />
        ))}
      {counted
        .filter(({ trial }) => trial === best)
        .map(({ x, y }) => (
          <circle key="best" className={styles.dotBest} cx={x} cy={y} r={4.5} />
        ))}
    </svg>
  );
});

function HighlightedDot({ spots, plot }: { spots: Spot[]; plot: Plot }) {
  const highlighted = useHighlighted();
  const spot = spots.find(({ trial }) => trial.number === highlighted);
  return (
    <svg
      className={`${marks.drawing} ${marks.litLayer}`}
      width={plot.width}
      height={plot.height}
      aria-hidden="true"
    >
      {spot ? <circle className={styles.dotLit} data-highlighted cx={spot.x} cy={spot.y} r={6} /> : null}
    </svg>
  );
}

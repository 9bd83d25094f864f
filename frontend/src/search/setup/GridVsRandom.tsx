/** Why random beats a grid, in this very space: 25 trials each, and how many values of the learning rate they try. */
import { useMemo, useRef } from "react";
import type { Preview, Space } from "../../api/searches";
import type { Hyperparameter } from "../../api/types";
import { nameOf } from "../../format/hyperparameters";
import { whole } from "../../format/numbers";
import { useElementWidth } from "../../ui/hooks/useElementWidth";
import type { Axis } from "../axes";
import { axisOf, ticksOf, unitOf } from "../axes";
import * as marks from "../drawing.module.css";
import { lowerFirst } from "../labels";
import type { Plot } from "../trialPaths";
import { xOf, yOf } from "../trialPaths";
import * as styles from "./GridVsRandom.module.css";

export interface GridVsRandomProps {
  comparison: Preview["teaching"];
  space: Space;
  declared: Hyperparameter[];
}

export function GridVsRandom({ comparison, space, declared }: GridVsRandomProps) {
  const axis = (name: string | null): Axis | null => {
    const part = name === null ? undefined : space[name];
    return name !== null && part
      ? axisOf(
          name,
          part,
          declared.find((hyperparameter) => hyperparameter.name === name),
        )
      : null;
  };
  const x = axis(comparison?.x ?? null);
  if (!comparison || !x) return null;
  const y = axis(comparison.y);
  const name = lowerFirst(x.label);
  return (
    <section className="panel" aria-labelledby="teaching">
      <div className="panel-head">
        <h2 id="teaching">Grid or random?</h2>
      </div>
      <div className={styles.twoPictures}>
        <Scatter title="Grid" points={comparison.grid} distinct={comparison.distinct.grid} x={x} y={y} />
        <Scatter
          title="Random"
          points={comparison.random}
          distinct={comparison.distinct.random}
          x={x}
          y={y}
        />
      </div>
      <p>
        The same {whole(comparison.grid.length)} trainings: a grid tries{" "}
        <b className="numbers">{comparison.distinct.grid}</b> values of the {name}, random draws try{" "}
        <b className="numbers">{comparison.distinct.random}</b>. If{" "}
        {comparison.y ? `the ${lowerFirst(nameOf(comparison.y))}` : "the other one"} turns out not to matter,
        a grid has trained the same {whole(comparison.distinct.grid)} again and again.
      </p>
    </section>
  );
}

interface ScatterProps {
  title: string;
  points: readonly (readonly [unknown, unknown])[];
  distinct: number;
  x: Axis;
  y: Axis | null;
}

function Scatter({ title, points, distinct, x, y }: ScatterProps) {
  const container = useRef<HTMLDivElement>(null);
  const width = useElementWidth(container);
  const plot: Plot = useMemo(
    () => ({ width, height: 188, left: 12, right: 12, top: 8, bottom: 44 }),
    [width],
  );
  const spots = points.flatMap(([a, b]) => {
    const [u, v] = [unitOf(x, a as number), y ? unitOf(y, b as number) : 0.5];
    return u === null || v === null ? [] : [{ u, v }];
  });
  const floor = plot.height - plot.bottom;
  return (
    <figure className={styles.scatter}>
      <figcaption>
        {title} <span className="muted numbers">· {distinct} distinct values</span>
      </figcaption>
      <div
        ref={container}
        className={marks.many}
        role="img"
        aria-label={`${title}: ${points.length} trials, ${distinct} distinct values of ${lowerFirst(x.label)}`}
      >
        {width > 0 ? (
          <svg className={marks.drawing} width={width} height={plot.height} aria-hidden="true">
            <rect
              className={styles.scatterBox}
              x={plot.left - 6}
              y={plot.top - 4}
              width={Math.max(0, width - plot.left - plot.right + 12)}
              height={floor - plot.top + 8}
              rx={4}
            />
            {spots.map(({ u, v }, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: points have no identity but their index
              <g key={i}>
                <line
                  className={styles.shadowLine}
                  x1={xOf(plot, u)}
                  x2={xOf(plot, u)}
                  y1={yOf(plot, v)}
                  y2={floor + 12}
                />
                <circle className={marks.draw} cx={xOf(plot, u)} cy={yOf(plot, v)} r={3} />
              </g>
            ))}
            {[...new Set(spots.map(({ u }) => u.toFixed(4)))].map((u) => (
              <line
                key={u}
                className={styles.landed}
                x1={xOf(plot, Number(u))}
                x2={xOf(plot, Number(u))}
                y1={floor + 8}
                y2={floor + 18}
              />
            ))}
            {ticksOf(x, Math.max(2, Math.floor(width / 52)))
              .filter((tick) => tick.text)
              .map(({ at, text }) => (
                <text
                  key={text}
                  className={`${marks.tick} ${at < 0.04 ? "" : at > 0.96 ? marks.end : marks.middle}`}
                  x={xOf(plot, at)}
                  y={plot.height - 6}
                >
                  {text}
                </text>
              ))}
          </svg>
        ) : null}
      </div>
    </figure>
  );
}

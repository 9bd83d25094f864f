/** The boxes of a search from coarse to fine: each round's inside the one before, on every axis. */
import { useRef } from "react";
import type { Round, Search, Space } from "../../api/searches";
import { measured, rounded } from "../../format/numbers";
import { useElementWidth } from "../../ui/hooks/useElementWidth";
import type { Axis } from "../axes";
import { textOf, ticksOf, unitOf } from "../axes";
import * as marks from "../drawing.module.css";
import { lowerFirst } from "../labels";
import { ranked } from "../trials";
import * as styles from "./Rounds.module.css";

const BAND_PX = 9;
const TOP_PX = 4;

export function Rounds({ search, axes }: { search: Search; axes: Axis[] }) {
  const { rounds } = search;
  const ranges = axes.filter((axis) => axis.scale !== "choice");
  if (rounds.length === 0 || ranges.length === 0) return null;
  return (
    <section className="panel" aria-labelledby="caviar-rounds">
      <div className="panel-head">
        <h2 id="caviar-rounds">Rounds</h2>
        <p className="muted headline">
          The ranges of a round are set around the best {search.keep} of the previous one,{" "}
          {rounded(search.widen)}× as wide, on each parameter's own scale.
        </p>
      </div>
      <div className={styles.rounds}>
        {ranges.map((axis) => (
          <RoundAxis key={axis.name} axis={axis} rounds={rounds} search={search} />
        ))}
      </div>
      <ol className={`${styles.roundList} small-text numbers`}>
        {rounds.map((round) => (
          <li key={round.round}>
            <b>Round {round.round}</b> {boxText(round.space, ranges)}
            {round.kept.length > 0 ? (
              <span className="muted">, around {keptText(search, round.kept)}</span>
            ) : null}
            <span className="muted">: {bestText(search, round.round)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

const boxText = (space: Space, axes: Axis[]): string =>
  axes
    .flatMap((axis) => {
      const part = space[axis.name];
      if (part?.low === undefined || part.high === undefined) return [];
      const ends = [part.low, part.high].map((value) =>
        textOf(axis, axis.whole ? value : Number(value.toPrecision(4))),
      );
      return [`${lowerFirst(axis.label)} ${ends.join(" to ")}`];
    })
    .join(", ");

function bestText(search: Search, round: number): string {
  const best = ranked(search.trials.filter((trial) => trial.round === round && trial.repeat_of === null))[0];
  return best ? `best ${measured(best.value)}` : "nothing finished yet";
}

const keptText = (search: Search, kept: number[]): string =>
  `trials ${kept.map((id) => search.trials.find((trial) => trial.run_id === id)?.number ?? "?").join(", ")}`;

function RoundAxis({ axis, rounds, search }: { axis: Axis; rounds: Round[]; search: Search }) {
  const container = useRef<HTMLDivElement>(null);
  const width = useElementWidth(container);
  const xOf = (unit: number): number => 10 + unit * (width - 20);
  const height = TOP_PX + rounds.length * (BAND_PX + 3) + 24;
  const floor = height - 20;
  return (
    <div className={styles.roundAxis}>
      <h3>{axis.label}</h3>
      <div
        ref={container}
        className={marks.many}
        role="img"
        aria-label={`Boxes of ${axis.label}, round by round`}
      >
        {width > 0 ? (
          <svg className={marks.drawing} width={width} height={height} aria-hidden="true">
            {rounds.map((round, i) => {
              const part = round.space[axis.name];
              const [low, high] = [unitOf(axis, part?.low), unitOf(axis, part?.high)];
              if (low === null || high === null) return null;
              const y = TOP_PX + i * (BAND_PX + 3);
              const tried = search.trials.filter(
                (trial) => trial.round === round.round && trial.repeat_of === null,
              );
              return (
                <g key={round.round}>
                  <path
                    className={styles.roundShade}
                    d={`M${xOf(low)} ${y}H${xOf(high)}V${floor}H${xOf(low)}Z`}
                  />
                  <rect
                    className={styles.roundBand}
                    data-round={Math.min(3, i + 1)}
                    x={xOf(low)}
                    y={y}
                    width={Math.max(2, xOf(high) - xOf(low))}
                    height={BAND_PX}
                    rx={3}
                  />
                  {tried.map((trial) => {
                    const at = unitOf(axis, trial.values[axis.name]);
                    const kept = rounds[i + 1]?.kept.includes(trial.run_id) === true;
                    return at === null ? null : (
                      <circle
                        key={trial.number}
                        className={kept ? `${styles.roundDot} ${styles.kept}` : styles.roundDot}
                        cx={xOf(at)}
                        cy={y + BAND_PX / 2}
                        r={kept ? 3 : 1.8}
                      />
                    );
                  })}
                </g>
              );
            })}
            <line className={marks.axisLine} x1={xOf(0)} x2={xOf(1)} y1={floor} y2={floor} />
            {ticksOf(axis, Math.max(2, Math.floor(width / 60))).map(({ at, text }) => (
              <g key={`${text}${at}`}>
                <line
                  className={marks.axisTick}
                  x1={xOf(at)}
                  x2={xOf(at)}
                  y1={floor}
                  y2={floor + (text ? 4 : 2)}
                />
                {text ? (
                  <text className={`${marks.tick} ${marks.middle}`} x={xOf(at)} y={height - 4}>
                    {text}
                  </text>
                ) : null}
              </g>
            ))}
          </svg>
        ) : null}
      </div>
    </div>
  );
}

/** Fifty draws on the axis a value is felt on: where a scale wastes them, they lie in a heap. */
import { useMemo, useRef } from "react";
import { fromWireNumber } from "../../../api/number";
import type { SpacePart } from "../../../api/searches";
import type { Hyperparameter, Value } from "../../../api/types";
import { useElementWidth } from "../../../ui/hooks/useElementWidth";
import { axisOf, ticksOf, unitOf } from "../../axes";
import * as marks from "../../drawing.module.css";
import { lowerFirst } from "../../labels";
import * as styles from "./SampleStrip.module.css";

const HEIGHT = 44;
const FLOOR = 26;
/** A log axis that starts at 0 has no beginning; this much below its end it starts. */
const LOG_SPAN = 1e6;

export interface SampleStripProps {
  declared: Hyperparameter;
  part: SpacePart | undefined;
  samples: Value[] | undefined;
  /** They are the points of a grid. */
  grid: boolean;
}

export function SampleStrip({ declared, part, samples, grid }: SampleStripProps) {
  const container = useRef<HTMLDivElement>(null);
  const width = useElementWidth(container);
  const axis = useMemo(
    () => (part ? axisOf(declared.name, onDeclaredScale(part, declared), declared) : null),
    [part, declared],
  );
  const shown = axis !== null && samples !== undefined && samples.length > 0;
  const xOf = (unit: number): number => 8 + unit * (width - 16);
  const stacks = new Map<string, number>();
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: labelled only while it is an image
    <div
      ref={container}
      className={styles.stripPlace}
      role={shown ? "img" : undefined}
      aria-label={
        shown ? `${samples.length} ${grid ? "points" : "draws"} of ${lowerFirst(declared.label)}` : undefined
      }
    >
      {shown && width > 0 ? (
        <svg className={marks.drawing} width={width} height={HEIGHT} aria-hidden="true">
          <line className={marks.axisLine} x1={xOf(0)} x2={xOf(1)} y1={FLOOR} y2={FLOOR} />
          {ticksOf(axis, Math.max(2, Math.floor(width / 48))).map(({ at, text }) => (
            <g key={`${text}${at}`}>
              <line
                className={marks.axisTick}
                x1={xOf(at)}
                x2={xOf(at)}
                y1={FLOOR}
                y2={FLOOR + (text ? 4 : 2)}
              />
              {text ? (
                <text
                  className={`${marks.tick} ${at < 0.04 ? "" : at > 0.96 ? marks.end : marks.middle}`}
                  x={at < 0.04 ? xOf(at) - 6 : at > 0.96 ? xOf(at) + 6 : xOf(at)}
                  y={HEIGHT - 4}
                >
                  {text}
                </text>
              ) : null}
            </g>
          ))}
          {samples.map((value, i) => {
            const at = unitOf(axis, value);
            if (at === null) return null;
            const x = xOf(Math.min(1, Math.max(0, at)));
            const stack = stacks.get(x.toFixed(0)) ?? 0;
            stacks.set(x.toFixed(0), stack + 1);
            // Draws at the same place are stacked; beyond a dozen the heap is as high as it gets.
            const y = FLOOR - 4 - Math.min(stack, 9) * 2.2;
            // biome-ignore lint/suspicious/noArrayIndexKey: samples have no identity but their index
            return <circle key={i} className={marks.draw} cx={x} cy={y} r={2} />;
          })}
        </svg>
      ) : null}
    </div>
  );
}

/** The same range on the declared scale, whatever scale it is drawn with. */
function onDeclaredScale(part: SpacePart, declared: Hyperparameter): SpacePart {
  if (part.low === undefined || part.high === undefined) return part;
  const scale = declared.scale;
  if (!scale.startsWith("log") || part.low > 0) return { ...part, scale };
  return { ...part, scale, low: Math.min(fromWireNumber(declared.high), part.high) / LOG_SPAN };
}

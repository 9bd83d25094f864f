/** Fifty draws on the axis a value is felt on: where a scale wastes them, they lie in a heap. */
import { useMemo, useRef } from "react";
import type { SpacePart } from "../api/searches";
import type { Hyperparameter, Value } from "../api/types";
import { fromWireNumber } from "../state/curves";
import { axisOf, ticksOf, unitOf } from "./axes";
import { useWidth } from "./useWidth";
import { inText } from "./words";

const HEIGHT = 44;
const FLOOR = 26;
/** A log axis that starts at 0 has no beginning; this much below its end it starts. */
const LOG_SPAN = 1e6;

export interface DrawStripProps {
  declared: Hyperparameter;
  part: SpacePart | undefined;
  draws: Value[] | undefined;
  /** They are the points of a grid. */
  grid: boolean;
}

export function DrawStrip({ declared, part, draws, grid }: DrawStripProps) {
  const place = useRef<HTMLDivElement>(null);
  const width = useWidth(place);
  const felt = useMemo(() => (part ? axisOf(declared.name, onItsScale(part, declared), declared) : null), [part, declared]);
  const shown = felt !== null && draws !== undefined && draws.length > 0;
  const across = (unit: number): number => 8 + unit * (width - 16);
  const heaps = new Map<string, number>();
  return (
    <div ref={place} className="strip-place" role={shown ? "img" : undefined} aria-label={shown ? `${draws.length} ${grid ? "points" : "draws"} of ${inText(declared.label)}` : undefined}>
      {shown && width > 0 ? (
        <svg className="drawing" width={width} height={HEIGHT} aria-hidden="true">
          <line className="axis-line" x1={across(0)} x2={across(1)} y1={FLOOR} y2={FLOOR} />
          {ticksOf(felt, Math.max(2, Math.floor(width / 48))).map(({ at, text }) => (
            <g key={`${text}${at}`}>
              <line className="axis-tick" x1={across(at)} x2={across(at)} y1={FLOOR} y2={FLOOR + (text ? 4 : 2)} />
              {text ? (
                <text className={`tick ${at < 0.04 ? "start" : at > 0.96 ? "end" : "middle"}`} x={at < 0.04 ? across(at) - 6 : at > 0.96 ? across(at) + 6 : across(at)} y={HEIGHT - 4}>
                  {text}
                </text>
              ) : null}
            </g>
          ))}
          {draws.map((value, i) => {
            const at = unitOf(felt, value);
            if (at === null) return null;
            const x = across(Math.min(1, Math.max(0, at)));
            const heap = heaps.get(x.toFixed(0)) ?? 0;
            heaps.set(x.toFixed(0), heap + 1);
            // Draws at the same place are stacked; beyond a dozen the heap is as high as it gets.
            return <circle key={i} className="draw" cx={x} cy={FLOOR - 4 - Math.min(heap, 9) * 2.2} r={2} />;
          })}
        </svg>
      ) : null}
    </div>
  );
}

/** The same range on the declared scale, whatever scale it is drawn with. */
function onItsScale(part: SpacePart, declared: Hyperparameter): SpacePart {
  if (part.low === undefined || part.high === undefined) return part;
  const scale = declared.scale;
  if (!scale.startsWith("log") || part.low > 0) return { ...part, scale };
  return { ...part, scale, low: Math.min(fromWireNumber(declared.high), part.high) / LOG_SPAN };
}

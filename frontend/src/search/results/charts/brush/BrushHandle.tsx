/** Brushing an axis with the pointer. */
import { useState } from "react";
import type { Axis } from "../../../axes";
import type { Plot } from "../../../trialPaths";
import * as styles from "./BrushHandle.module.css";
import { brushRange } from "./brush";

/** Where a pointer brushes an axis, px wide. */
const GRAB_PX = 26;

/** The part of an axis that a pointer can pull a brush on. The menu does the same without pulling. */
export function BrushHandle({
  axis,
  x,
  plot,
  brush,
  onBrush,
}: {
  axis: Axis;
  x: number;
  plot: Plot;
  brush: readonly [number, number] | undefined;
  onBrush: (to: [number, number] | null) => void;
}) {
  const [pull, setPull] = useState<[number, number] | null>(null);
  const unit = (event: React.PointerEvent): number => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(1, Math.max(0, 1 - (event.clientY - box.top) / box.height));
  };
  const shown = pull ? brushRange(...pull) : (brush ?? null);
  const height = plot.height - plot.top - plot.bottom;
  return (
    <div
      className={styles.grip}
      data-axis={axis.name}
      style={{ left: x - GRAB_PX / 2, top: plot.top, width: GRAB_PX, height }}
      onClick={(event) => event.stopPropagation()}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setPull([unit(event), unit(event)]);
      }}
      onPointerMove={(event) => {
        if (pull) setPull([pull[0], unit(event)]);
      }}
      onPointerUp={(event) => {
        if (pull) onBrush(brushRange(pull[0], unit(event)));
        setPull(null);
      }}
      onPointerCancel={() => setPull(null)}
    >
      {shown ? (
        <span
          className={styles.brush}
          style={{ bottom: shown[0] * height, height: (shown[1] - shown[0]) * height }}
        />
      ) : null}
    </div>
  );
}

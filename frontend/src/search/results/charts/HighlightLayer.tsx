/** The highlighted trial's line, on a layer of its own: the many below it are not painted again. */

import * as marks from "../../drawing.module.css";
import type { Plot, TrialPath } from "../../trialPaths";
import { pathOf } from "../../trialPaths";
import { useHighlighted } from "./highlight";

export function HighlightLayer({
  lines,
  plot,
  clip,
}: {
  lines: readonly TrialPath[];
  plot: Plot;
  clip?: string;
}) {
  const highlighted = useHighlighted();
  const line = lines.find(({ trial }) => trial.number === highlighted);
  const path = line ? pathOf(line.points) : "";
  return (
    <svg
      className={`${marks.drawing} ${marks.litLayer}`}
      data-layer="highlight"
      width={plot.width}
      height={plot.height}
      aria-hidden="true"
    >
      {line ? (
        <g clipPath={clip}>
          <path className={marks.trialLine} data-look="lit-back" d={path} />
          <path className={marks.trialLine} data-look="lit" data-highlighted d={path} />
        </g>
      ) : null}
    </svg>
  );
}

/** The highlighted trial's line, on a layer of its own: the many below it are not painted again. */

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
      className="drawing lit-layer"
      data-layer="highlight"
      width={plot.width}
      height={plot.height}
      aria-hidden="true"
    >
      {line ? (
        <g clipPath={clip}>
          <path className="trial-line is-lit-back" d={path} />
          <path className="trial-line is-lit" data-highlighted d={path} />
        </g>
      ) : null}
    </svg>
  );
}

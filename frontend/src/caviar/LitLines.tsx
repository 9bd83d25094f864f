/** The lit trial's line, on a layer of its own: the many below it are not painted again. */
import { useLit } from "./lit";
import type { DrawnCurve, Plot } from "./picture";
import { pathOf } from "./picture";

export function LitLines({ lines, plot, clip }: { lines: readonly DrawnCurve[]; plot: Plot; clip?: string }) {
  const lit = useLit();
  const line = lines.find(({ trial }) => trial.number === lit);
  const path = line ? pathOf(line.points) : "";
  return (
    <svg className="drawing lit-layer" width={plot.width} height={plot.height} aria-hidden="true">
      {line ? (
        <g clipPath={clip}>
          <path className="trial-line is-lit-back" d={path} />
          <path className="trial-line is-lit" d={path} />
        </g>
      ) : null}
    </svg>
  );
}

/** The highlighted trial, in words. Its room is kept while there is none, so that nothing jumps. */
import type { Search } from "../../../api/searches";
import { valueText } from "../../../format/hyperparameters";
import { measured, whole } from "../../../format/numbers";
import { seriesWord } from "../../../format/objective";
import { runPath } from "../../../state/route";
import { Link } from "../../../ui/Link";
import type { Axis } from "../../axes";
import { lowerFirst } from "../../labels";
import { OUTCOMES } from "../../trials";
import { useHighlighted } from "./highlight";
import * as styles from "./TrialTooltip.module.css";

export function TrialTooltip({ search, axes }: { search: Search; axes: Axis[] }) {
  const highlighted = useHighlighted();
  const trial = search.trials.find((trial) => trial.number === highlighted);
  if (!trial) {
    return (
      <p className={`${styles.trialReadout} muted`} data-part="trial" aria-live="polite">
        Point at a trial, or move to it with Tab and the arrow keys: it is highlighted everywhere. A click
        keeps the highlight.
      </p>
    );
  }
  return (
    <p className={`${styles.trialReadout} numbers`} data-part="trial" aria-live="polite">
      <b>
        {trial.run_id === null ? (
          `Trial ${trial.number}`
        ) : (
          <Link to={runPath(trial.run_id)}>Trial {trial.number}</Link>
        )}
      </b>
      <span>{OUTCOMES[trial.outcome]}</span>
      <span>
        <span className="muted">{seriesWord(search.objective)}</span> <b>{measured(trial.value)}</b>
      </span>
      {axes.map((axis) => (
        <span key={axis.name}>
          <span className="muted">{lowerFirst(axis.label)}</span>{" "}
          {valueText(axis.name, trial.values[axis.name])}
        </span>
      ))}
      <span className="muted">
        step {whole(trial.step)} of {whole(trial.steps)}, seed {trial.seed}
      </span>
    </p>
  );
}

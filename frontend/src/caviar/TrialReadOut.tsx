/** The trial that is lit, in words. Its place is kept while none is, so that nothing jumps. */
import type { Search } from "../api/searches";
import { valueText } from "../charts/markers";
import { Link } from "../components/Link";
import { runAddress } from "../state/address";
import { measured, whole } from "../text/numbers";
import type { Axis } from "./axes";
import { useLit } from "./lit";
import { OUTCOMES } from "./trials";
import { inText } from "./words";

export function TrialReadOut({ search, axes }: { search: Search; axes: Axis[] }) {
  const lit = useLit();
  const trial = search.trials.find((one) => one.number === lit);
  if (!trial) {
    return <p className="trial-readout muted" aria-live="polite">Point at a trial, or move to it with Tab and the arrow keys: it lights up everywhere. A click keeps it lit.</p>;
  }
  return (
    <p className="trial-readout numbers" aria-live="polite">
      <b>{trial.run_id === null ? `Trial ${trial.number}` : <Link to={runAddress(trial.run_id)}>Trial {trial.number}</Link>}</b>
      <span>{OUTCOMES[trial.outcome]}</span>
      <span>
        <span className="muted">val cost</span> <b>{measured(trial.val_cost)}</b>
      </span>
      {axes.map((axis) => (
        <span key={axis.name}>
          <span className="muted">{inText(axis.label)}</span> {valueText(axis.name, trial.values[axis.name])}
        </span>
      ))}
      <span className="muted">
        step {whole(trial.step)} of {whole(trial.steps)}, seed {trial.seed}
      </span>
    </p>
  );
}

/** How much a value of a script matters and how it is spread: guessed from its name, and a person's to change. */
import { editRun } from "../../../api/client";
import type { Hyperparameter, Run, RunChange, Scale } from "../../../api/types";
import { scalesOf } from "../../../domain/hyperparameters/sliderScale";
import { useIsViewer } from "../../../state/permissions";
import { dispatch } from "../../../state/store";
import { toastError } from "../../../state/toasts";
import { Disclosure } from "../Disclosure";

const SCALE_NAMES: Record<Scale, string> = {
  linear: "Linear",
  log10: "Powers of 10",
  log2: "Powers of 2",
  minus_log10_one_minus: "Close to 1",
};

export function ControlDetails({ run, declared }: { run: Run; declared: Hyperparameter }) {
  const isViewer = useIsViewer();
  if (isViewer) return null;
  const { name, label, tier, scale } = declared;
  const change = async (given: NonNullable<RunChange["controls"]>[string]) => {
    try {
      const edited = await editRun(run.id, { controls: { [name]: given } });
      dispatch({ type: "run", run: edited, at: Date.now() });
    } catch (error) {
      toastError(error);
    }
  };
  const scales = scalesOf(declared);
  return (
    <Disclosure label={`Tier and scale of ${label}`} name="Tier and scale" hint={`tier ${tier}`}>
      {() => (
        <div className="row">
          <label className="labelled grow">
            <span>Tier</span>
            <select
              className="select"
              aria-label={`${label} tier`}
              value={tier}
              onChange={(event) => void change({ tier: Number(event.target.value) })}
            >
              <option value={1}>1: matters most</option>
              <option value={2}>2</option>
              <option value={3}>3: rarely worth changing</option>
            </select>
          </label>
          {scales.length > 1 ? (
            <label className="labelled grow">
              <span>Scale</span>
              <select
                className="select"
                aria-label={`${label} scale`}
                value={scale}
                onChange={(event) => void change({ scale: event.target.value as Scale })}
              >
                {scales.map((each) => (
                  <option key={each} value={each}>
                    {SCALE_NAMES[each]}
                  </option>
                ))}
              </select>
            </label>
          ) : null}
        </div>
      )}
    </Disclosure>
  );
}

/** How fast a run may go while somebody watches it, and single steps in a pause. */
import { editRun } from "../../api/client";
import type { Run } from "../../api/types";
import { PACES, paceText } from "../../domain/pace";
import * as commands from "../../state/commands/commands";
import { dispatch } from "../../state/store";
import { toastError } from "../../state/toasts";
import { ActionButton } from "../../ui/ActionButton";
import * as styles from "./Pace.module.css";

export function Pace({ run }: { run: Run }) {
  const pace = run.max_steps_per_s ?? 0;
  const offered = PACES.includes(pace) ? PACES : [...PACES, pace];
  const maySet = run.allowed.includes("set");
  const mayResume = run.allowed.includes("resume");
  const limit = async (stepsPerS: number) => {
    try {
      const edited = await editRun(run.id, { max_steps_per_s: stepsPerS });
      dispatch({ type: "run", run: edited, at: Date.now() });
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <div className={`row ${styles.pace}`}>
      <label className="labelled grow">
        <span>Pace</span>
        <select
          className="select"
          value={pace}
          disabled={!maySet}
          onChange={(event) => void limit(Number(event.target.value))}
        >
          {offered.map((stepsPerS) => (
            <option key={stepsPerS} value={stepsPerS}>
              {paceText(stepsPerS)}
            </option>
          ))}
        </select>
      </label>
      {[1, 10].map((steps) => (
        <ActionButton
          key={steps}
          label={steps === 1 ? "Train 1 step" : `Train ${steps} steps`}
          enabled={mayResume}
          onPress={() => commands.step(run, steps)}
        >
          {steps === 1 ? "Step" : `Step ${steps}`}
        </ActionButton>
      ))}
    </div>
  );
}

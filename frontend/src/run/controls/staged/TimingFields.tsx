/** When a change happens, and how gradually: now and at once, unless the form says otherwise. */
import { useState } from "react";
import { fromStepText } from "../../../format/changeTime";
import { whole } from "../../../format/numbers";
import * as styles from "./TimingFields.module.css";
import type { StagedControl } from "./useStagedControl";

export interface TimingFieldsProps<Value> {
  control: StagedControl<Value>;
  /** Whether the value can go there gradually. */
  ramps: boolean;
}

export function TimingFields<Value>({ control, ramps }: TimingFieldsProps<Value>) {
  const { timing, step, setTiming } = control;
  const [open, setOpen] = useState(false);
  const read = (text: string): number | undefined => {
    const value = Math.round(Number(text.replace(/,/g, "")));
    return text.trim() !== "" && value > 0 ? value : undefined;
  };
  if (!control.may) return null; // a fork begins with its values
  if (!open) {
    return (
      <button type="button" className="button link small" onClick={() => setOpen(true)}>
        Later or gradually…
      </button>
    );
  }
  return (
    <div className={styles.timing}>
      <label className="labelled">
        <span>At step</span>
        <input
          className="field numbers"
          inputMode="numeric"
          placeholder={`now (${whole(step)})`}
          defaultValue={timing.at_step}
          onChange={(event) => setTiming({ ...timing, at_step: read(event.target.value) })}
        />
        {timing.at_step === undefined ? null : (
          <small className="muted">Acts {fromStepText(timing.at_step + 1)}.</small>
        )}
      </label>
      {ramps ? (
        <label className="labelled">
          <span>Over steps</span>
          <input
            className="field numbers"
            inputMode="numeric"
            placeholder="at once"
            defaultValue={timing.over_steps}
            onChange={(event) => setTiming({ ...timing, over_steps: read(event.target.value) })}
          />
        </label>
      ) : null}
    </div>
  );
}

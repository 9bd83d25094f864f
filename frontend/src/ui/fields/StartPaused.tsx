/** Whether a new run waits before its first step, so that things can be set first. */
import { useId } from "react";

export interface StartPausedProps {
  checked: boolean;
  onChange: (checked: boolean) => void;
}

export function StartPaused({ checked, onChange }: StartPausedProps) {
  const id = useId();
  return (
    <div>
      <label className="check">
        <input
          type="checkbox"
          checked={checked}
          aria-describedby={id}
          onChange={(event) => onChange(event.target.checked)}
        />
        Start paused
      </label>
      <p className="muted form-help" id={id}>
        It waits before its first step, so that you can set things first.
      </p>
    </div>
  );
}

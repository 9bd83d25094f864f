/** A value that is chosen first and applied then: now, at a later step, or gradually. */
import { useState } from "react";
import type { Run, SetCommand } from "../../../api/types";
import { change } from "../../../state/commands/commands";
import type { StagedValue } from "./useStagedValue";
import { useStagedValue } from "./useStagedValue";

/** When a change happens, and how gradually: now and at once, unless it says otherwise. */
interface Timing {
  at_step?: number;
  over_steps?: number;
}

export interface StagedControl<Value> extends StagedValue<Value> {
  current: Value;
  /** The step that the run is at. */
  step: number;
  /** Whether the run takes changes now. */
  may: boolean;
  timing: Timing;
  setTiming: (timing: Timing) => void;
  apply: (value: Value) => void;
  /** Applies what is staged, if anything is. */
  applyStaged: () => void;
}

export function useStagedControl<Value>(
  run: Run,
  current: Value,
  command: (value: Value) => Omit<SetCommand, "kind">,
): StagedControl<Value> {
  const staged = useStagedValue(current);
  const [timing, setTiming] = useState<Timing>({});
  const may = run.allowed.includes("set");
  const reset = () => {
    staged.reset();
    setTiming({});
  };
  const apply = (value: Value) => {
    if (!may) return;
    void change(run, { kind: "set", ...command(value), ...timing });
    reset();
  };
  return {
    ...staged,
    current,
    step: run.step,
    may,
    timing,
    setTiming,
    reset,
    apply,
    applyStaged: () => {
      if (staged.staged !== null) apply(staged.staged);
    },
  };
}

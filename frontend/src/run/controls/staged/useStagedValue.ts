/** A value that is chosen but not applied yet. It survives changes that others make meanwhile. */
import { useState } from "react";

export interface StagedValue<Value> {
  /** What the control shows: the staged value, else the one in force. */
  shown: Value;
  staged: Value | null;
  /** The value in force became another one while something was staged. */
  moved: boolean;
  stage: (value: Value) => void;
  reset: () => void;
}

export function useStagedValue<Value>(current: Value): StagedValue<Value> {
  const [staged, setStaged] = useState<{ value: Value; over: Value } | null>(null);
  return {
    shown: staged ? staged.value : current,
    staged: staged ? staged.value : null,
    moved: staged !== null && staged.over !== current,
    stage: (value) => setStaged(value === current ? null : { value, over: staged?.over ?? current }),
    reset: () => setStaged(null),
  };
}

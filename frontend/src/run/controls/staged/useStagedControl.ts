/** A value that is chosen first and applied then: now, at a later step, or gradually. */
import { useState } from "react";
import type { RequestedValues, Run, SetCommand, Values } from "../../../api/types";
import { rateOf } from "../../../domain/hyperparameters/learningRate";
import { OVER } from "../../../domain/status";
import { roundFloat } from "../../../format/parseNumber";
import { change } from "../../../state/commands/commands";
import { openDialog } from "../../../state/dialogs";
import { getPage } from "../../../state/store";
import { toast } from "../../../state/toasts";
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
  /** Whether a value can be chosen: in a run that is over, for a fork of its end. */
  mayStage: boolean;
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
  const mayFork = !may && run.allowed.includes("fork") && OVER.includes(run.status);
  const reset = () => {
    staged.reset();
    setTiming({});
  };
  const apply = (value: Value) => {
    if (mayFork) forkTheEnd(run, command(value).values);
    if (!may) return;
    void change(run, { kind: "set", ...command(value), ...timing });
    reset();
  };
  return {
    ...staged,
    current,
    step: run.step,
    may,
    mayStage: may || mayFork,
    timing,
    setTiming,
    reset,
    apply,
    applyStaged: () => {
      if (staged.staged !== null) apply(staged.staged);
    },
  };
}

/** Opens the form of a fork from the newest checkpoint, with these values in it. */
function forkTheEnd(run: Run, requested: RequestedValues): void {
  const plain = Object.entries(requested).filter(([, value]) => typeof value !== "object");
  const values = Object.fromEntries(plain) as Values;
  const usable = getPage().open?.checkpoints.filter((checkpoint) => checkpoint.valid && !checkpoint.removed);
  const checkpoint = usable?.at(-1);
  if (!checkpoint) toast("This run has no checkpoint to fork from.", { tone: "problem" });
  else openDialog({ kind: "fork", checkpoint, values: asBase(values, run) });
}

/** The form shows the base of the learning rate: under a schedule, not the rate at this very step. */
function asBase({ base_learning_rate: base, ...values }: Values, run: Run): Values {
  const rate = values["learning_rate"];
  if (base !== undefined) return { ...values, learning_rate: base };
  const factor = rateOf(run).factor;
  return typeof rate === "number" && factor > 0
    ? { ...values, learning_rate: roundFloat(rate / factor) }
    : values;
}

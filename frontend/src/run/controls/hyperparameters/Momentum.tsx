/** Momentum, on a scale where 0.9, 0.99 and 0.999 are equally far apart. */
import { useState } from "react";
import type { Hyperparameter, Run } from "../../../api/types";
import { rateOf } from "../../../domain/hyperparameters/learningRate";
import { fromSlider, MOMENTUM_END, toSlider } from "../../../domain/hyperparameters/sliderScale";
import { measured, momentum, rounded, setting } from "../../../format/numbers";
import { parseMomentum } from "../../../format/parseNumber";
import { ApplyButton, ControlHead, StagedField, StagedSlider } from "../staged/StagedControl";
import { TimingFields } from "../staged/TimingFields";
import { useStagedControl } from "../staged/useStagedControl";

const RANGE = { min: 0, max: MOMENTUM_END, step: 0.05 };
const TICKS = [0, 0.9, 0.99, 0.999].map((beta) => ({
  position: toSlider(beta, "minus_log10_one_minus"),
  word: String(beta),
}));

export function Momentum({ run, declared: all }: { run: Run; declared: Hyperparameter[] }) {
  const current = Number(run.values["momentum"] ?? 0);
  const [keep, setKeep] = useState(true);
  const control = useStagedControl(run, current, (momentum) => ({
    values: { momentum },
    keep_step_size: keep,
  }));
  const declared = all.find((hyperparameter) => hyperparameter.name === "momentum");
  const optimizer = String(run.values["optimizer"] ?? "sgd");
  if (run.values["momentum"] === undefined) return null;
  if (declared?.optimizers && !declared.optimizers.includes(optimizer)) {
    return (
      <div className="control">
        <h3>
          Momentum <i className="symbol">β</i>
        </h3>
        <p className="muted small-text">With Adam, β₁ is the momentum. It is in tier 3.</p>
      </div>
    );
  }
  const averages = `averages over about ${rounded(1 / (1 - control.shown))} steps`;
  return (
    <div className="control" role="group" aria-label="Momentum">
      <ControlHead name="Momentum" symbol="β" badge="live" now={momentum(current)} />
      <StagedSlider
        control={control}
        label="Momentum"
        range={RANGE}
        toPosition={(beta) => toSlider(beta, "minus_log10_one_minus")}
        fromPosition={(position) => fromSlider(position, "minus_log10_one_minus")}
        text={`${momentum(control.shown)}, ${averages}`}
        ticks={TICKS}
      />
      <div className="row">
        <StagedField
          control={control}
          label="Momentum"
          textOf={momentum}
          read={(typed) => parseMomentum(typed, current)}
        />
        <span className="muted small-text grow">{averages}</span>
        <ApplyButton control={control} label="Momentum" />
      </div>
      <label className="check">
        <input
          type="checkbox"
          aria-label="Keep step size when momentum changes"
          checked={keep}
          onChange={(event) => setKeep(event.target.checked)}
        />
        Keep step size lr/(1−β)
      </label>
      {control.staged !== null ? (
        <>
          <MomentumPreview run={run} from={current} to={control.staged} keep={keep} />
          <TimingFields control={control} ramps />
        </>
      ) : null}
    </div>
  );
}

function MomentumPreview({ run, from, to, keep }: { run: Run; from: number; to: number; keep: boolean }) {
  const rate = rateOf(run).now;
  const settles = rounded(1 / (1 - Math.max(from, to)));
  return (
    <div className="preview numbers">
      {keep ? (
        <p>
          Learning rate {setting(rate)} → {measured((rate * (1 - to)) / (1 - from))}, to keep the step size.
        </p>
      ) : (
        <p>The step size becomes ×{measured((1 - from) / (1 - to))} once the velocity has settled.</p>
      )}
      <p>{to === 0 ? "The velocity is cleared." : `Settles in about ${settles} steps.`}</p>
    </div>
  );
}

/** Momentum, on a scale where 0.9, 0.99 and 0.999 are equally far apart. */
import { useState } from "react";
import type { Run, Task } from "../../api/types";
import { rateOf } from "../../domain/learningRate";
import { fromSlider, MOMENTUM_END, toSlider } from "../../domain/sliderScale";
import { measured, momentum, rounded, setting } from "../../format/numbers";
import { parseMomentum } from "../../format/parseNumber";
import { change } from "../../state/commands";
import { NumberField } from "../../ui/NumberField";
import { Slider } from "../../ui/Slider";
import type { Timing } from "./Timing";
import { TimingFields } from "./Timing";
import { useStagedValue } from "./useStagedValue";

const RANGE = { min: 0, max: MOMENTUM_END, step: 0.05 };
const TICKS = [0, 0.9, 0.99, 0.999].map((beta) => ({
  position: toSlider(beta, "minus_log10_one_minus"),
  word: String(beta),
}));

export function Momentum({ run, task }: { run: Run; task: Task | null }) {
  const current = Number(run.values["momentum"] ?? 0);
  const staged = useStagedValue(current);
  const [keep, setKeep] = useState(true);
  const [timing, setTiming] = useState<Timing>({});
  const declared = task?.hyperparameters.find((hyperparameter) => hyperparameter.name === "momentum");
  const optimizer = String(run.values["optimizer"] ?? "sgd");
  if (run.values["momentum"] === undefined) return null;
  if (declared?.optimizers && !declared.optimizers.includes(optimizer)) {
    return (
      <div className="control">
        <h3>
          Momentum <i className="symbol">β</i>
        </h3>
        <p className="muted small-text">With Adam, momentum is β₁. It is in tier 3.</p>
      </div>
    );
  }
  const may = run.allowed.includes("set");
  const reset = () => {
    staged.reset();
    setTiming({});
  };
  const apply = (value: number) => {
    if (!may) return;
    void change(run, { kind: "set", values: { momentum: value }, keep_step_size: keep, ...timing });
    reset();
  };
  const applyStaged = () => {
    if (staged.staged !== null) apply(staged.staged);
  };
  const averages = `averages over about ${rounded(1 / (1 - staged.shown))} steps`;
  return (
    <div className="control" role="group" aria-label="Momentum">
      <div className="control-head">
        <h3>
          Momentum <i className="symbol">β</i> <span className="badge">live</span>
        </h3>
        <output className="now numbers">{momentum(current)}</output>
      </div>
      <Slider
        label="Momentum"
        range={RANGE}
        position={Math.min(MOMENTUM_END, toSlider(staged.shown, "minus_log10_one_minus"))}
        currentPosition={staged.staged === null ? null : toSlider(current, "minus_log10_one_minus")}
        text={`${momentum(staged.shown)}, ${averages}`}
        ticks={TICKS}
        disabled={!may}
        onMove={(position) => staged.stage(fromSlider(position, "minus_log10_one_minus"))}
        onEnter={applyStaged}
        onEscape={reset}
      />
      <div className="row">
        <NumberField
          label="Momentum value"
          shown={momentum(staged.shown)}
          read={(typed) => parseMomentum(typed, current)}
          disabled={!may}
          onValue={staged.stage}
          onEnter={apply}
          onEscape={reset}
        />
        <span className="muted small-text grow">{averages}</span>
        <button
          type="button"
          className="button primary"
          aria-label="Apply momentum"
          aria-disabled={staged.staged === null || !may}
          onClick={applyStaged}
        >
          Apply
        </button>
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
      {staged.staged !== null ? (
        <MomentumPreview run={run} from={current} to={staged.staged} keep={keep} />
      ) : null}
      {staged.staged !== null ? (
        <TimingFields timing={timing} step={run.step} onTiming={setTiming} ramps />
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
          Learning rate {setting(rate)} → {measured((rate * (1 - to)) / (1 - from))}, so that a step stays as
          long.
        </p>
      ) : (
        <p>Steps become {measured((1 - from) / (1 - to))}× as long once the velocity has settled.</p>
      )}
      <p>{to === 0 ? "The velocity is cleared." : `Settles in about ${settles} steps.`}</p>
    </div>
  );
}

/** The learning rate: quick factors that act at once, and a slider and a field that are staged first. */

import { useState } from "react";
import { fromWireNumber } from "../../../api/number";
import type { Run } from "../../../api/types";
import type { Rate } from "../../../domain/learningRate";
import { describeStepSize, rateOf, stepSizeFactor } from "../../../domain/learningRate";
import { measured, setting } from "../../../format/numbers";
import { parseLearningRate, roundFloat } from "../../../format/parseNumber";
import { RAMP_FACTOR, RAMP_STEPS } from "../../../state/commands/commands";
import { ActionButton } from "../../../ui/ActionButton";
import { TierName } from "../../../ui/TierName";
import { ApplyButton, ControlHead, StagedField, StagedSlider } from "../staged/StagedControl";
import { TimingFields } from "../staged/TimingFields";
import { useStagedControl } from "../staged/useStagedControl";
import * as styles from "./LearningRate.module.css";
import { NudgeButton } from "./NudgeButton";

const RANGE = { min: -6, max: 1, step: 0.05 };
const TICKS = [
  { position: -6, word: "1e-6" },
  { position: -4, word: "1e-4" },
  { position: -2, word: "0.01" },
  { position: 0, word: "1" },
  { position: 1, word: "10" },
];

/** In a pause in the middle of a ramp: where it is, and where it leads. */
function rateText(run: Run): string {
  const { now } = rateOf(run);
  const used = run.effective?.learning_rate ?? now;
  const isRamped = run.status === "paused" && Math.abs(used / now - 1) > 1e-6;
  return isRamped ? `${setting(used)} → ${setting(now)}` : setting(now);
}

export function LearningRate({ run }: { run: Run }) {
  const rate = rateOf(run);
  const [ofBase, setOfBase] = useState(false);
  const base = rate.scheduled && ofBase;
  const control = useStagedControl(run, base ? rate.base : rate.now, (value) => ({
    values: { [base ? "base_learning_rate" : "learning_rate"]: value },
  }));
  const { current, shown, staged } = control;
  const text =
    staged === null
      ? setting(current)
      : `${setting(shown)}, ${measured(shown / current)} times the current ${setting(current)}`;
  return (
    <div className="panel tier" role="group" aria-label="Learning rate">
      <TierName tier={1} />
      <ControlHead name="Learning rate" symbol="α" now={rateText(run)} />
      {rate.scheduled ? <ScheduleChoice rate={rate} ofBase={ofBase} onOfBase={setOfBase} /> : null}
      <StagedSlider
        control={control}
        label="Learning rate"
        range={RANGE}
        toPosition={Math.log10}
        fromPosition={(position) => Number((10 ** position).toPrecision(3))}
        text={text}
        ticks={TICKS}
      />
      <div className={`row ${styles.quick}`} data-coach="rate">
        <NudgeButton
          run={run}
          label="Divide learning rate by 10"
          word="÷10"
          factor={0.1}
          className={styles.quickButton}
        />
        <NudgeButton
          run={run}
          label="Halve learning rate"
          word="×½"
          factor={0.5}
          className={styles.quickButton}
        />
        <StagedField
          control={control}
          label="Learning rate"
          textOf={setting}
          read={(typed) => parseLearningRate(typed, current)}
        />
        <NudgeButton
          run={run}
          label="Double learning rate"
          word="×2"
          factor={2}
          className={styles.quickButton}
        />
      </div>
      {staged !== null ? (
        <Preview run={run} rate={rate} current={current} to={staged} moved={control.moved} />
      ) : null}
      <div className={`row ${styles.applyRow}`}>
        <TimingFields control={control} ramps />
        <ActionButton label="Reset learning rate" enabled={staged !== null} onPress={control.reset}>
          Reset
        </ActionButton>
        <ApplyButton control={control} label="Learning rate" />
      </div>
    </div>
  );
}

/** Under a schedule there are two numbers to set: what the next update uses, or what the schedule multiplies. */
function ScheduleChoice({
  rate,
  ofBase,
  onOfBase,
}: {
  rate: Rate;
  ofBase: boolean;
  onOfBase: (base: boolean) => void;
}) {
  return (
    <div>
      <p className="numbers small-text">
        Base {setting(rate.base)} × schedule {measured(rate.factor)} = <b>{measured(rate.now)} now</b>
      </p>
      <div className={styles.segmented} role="group" aria-label="Which learning rate to set">
        <button type="button" aria-pressed={!ofBase} onClick={() => onOfBase(false)}>
          Set current value
        </button>
        <button type="button" aria-pressed={ofBase} onClick={() => onOfBase(true)}>
          Set base
        </button>
      </div>
    </div>
  );
}

interface PreviewProps {
  run: Run;
  rate: Rate;
  current: number;
  to: number;
  moved: boolean;
}

/** What the staged value would do, before it does it. */
function Preview({ run, rate, current, to, moved }: PreviewProps) {
  const factor = to / current;
  const size = fromWireNumber(run.latest["step_size"]);
  const beta = run.effective?.momentum ?? Number(run.values["momentum"] ?? 0);
  const decay = Number(run.values["weight_decay"] ?? 0);
  const percent = (part: number): string => `${measured(part * 100)} %`;
  return (
    <div className="preview numbers">
      <p>
        → <b>{setting(to)}</b>: step size ×{measured(roundFloat(factor))}
        {Number.isFinite(size)
          ? `, ${percent(size)} → ${percent(size * factor)} of the weights (${describeStepSize(size * factor)})`
          : ""}
        .
      </p>
      {beta > 0 && beta < 1 ? (
        <p>
          lr/(1−β) {measured(stepSizeFactor(rate.now, beta))} →{" "}
          {measured(stepSizeFactor(rate.now * factor, beta))}
        </p>
      ) : null}
      {run.values["optimizer"] === "adamw" && decay > 0 ? (
        <p>
          Decay per step lr·λ {measured(rate.now * decay)} → {measured(rate.now * factor * decay)}
        </p>
      ) : null}
      {factor >= RAMP_FACTOR ? <p>Rises gradually over {RAMP_STEPS} steps.</p> : null}
      {moved ? (
        <p>Changed in another window: it is now {setting(current)}. Your staged value was kept.</p>
      ) : null}
    </div>
  );
}

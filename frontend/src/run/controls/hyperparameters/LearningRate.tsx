/** The learning rate: quick factors that act at once, and a slider and a field that are staged first. */

import { useMemo, useState } from "react";
import type { Run } from "../../../api/types";
import type { Rate } from "../../../domain/hyperparameters/learningRate";
import { rateOf } from "../../../domain/hyperparameters/learningRate";
import type { TriedRate } from "../../../domain/hyperparameters/triedRates";
import { triedRates } from "../../../domain/hyperparameters/triedRates";
import { measured, setting } from "../../../format/numbers";
import { parseLearningRate } from "../../../format/parseNumber";
import { getPage, usePage } from "../../../state/store";
import { ActionButton } from "../../../ui/ActionButton";
import { TierName } from "../../../ui/TierName";
import { ApplyButton, ControlHead, StagedField, StagedSlider } from "../staged/StagedControl";
import { TimingFields } from "../staged/TimingFields";
import { useStagedControl } from "../staged/useStagedControl";
import * as styles from "./LearningRate.module.css";
import { LearningRatePreview } from "./LearningRatePreview";
import { NudgeButton } from "./NudgeButton";

const RANGE = { min: -6, max: 1, step: 0.05 };
/** The effect of a change needs some steps to show. */
const REREAD_STEPS = 50;
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
  const tried = useTriedRates(run);
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
        dots={tried.map(dotOf)}
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
        <LearningRatePreview
          run={run}
          rate={rate}
          current={current}
          to={staged}
          moved={control.moved}
          tried={tried}
        />
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

const OUTCOMES = { better: "the cost fell after it", worse: "the cost rose after it", unknown: "was used" };
const TONES = { better: "good", worse: "problem", unknown: "calm" } as const;

const dotOf = ({ rate, outcome, worked }: TriedRate) => ({
  position: Math.log10(rate),
  tone: TONES[outcome],
  title: `${setting(rate)}: ${worked ? OUTCOMES[outcome] : "the training blew up"}`,
});

/** Read anew when something was changed, and as the effect of the last change shows. */
function useTriedRates(run: Run): TriedRate[] {
  const events = usePage((page) => page.open?.events);
  const seen = Math.floor(run.step / REREAD_STEPS);
  // biome-ignore lint/correctness/useExhaustiveDependencies: curves move with every step; their state now and then will do
  return useMemo(() => {
    const cost = getPage().open?.curves.raw["train/cost"];
    const initial = Number(run.initial_values["learning_rate"] ?? 0);
    if (!events || !(initial > 0)) return [];
    return triedRates(events, initial, cost, run.step).filter(({ rate }) => rate > 0);
  }, [run.id, events, seen]);
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

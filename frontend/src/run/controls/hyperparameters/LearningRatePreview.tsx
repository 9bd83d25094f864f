/** What the staged learning rate would do, before it does it. */
import { fromWireNumber } from "../../../api/number";
import type { Run } from "../../../api/types";
import type { Rate } from "../../../domain/hyperparameters/learningRate";
import { stepSizeFactor } from "../../../domain/hyperparameters/learningRate";
import { partText, stepSizeZone, timesText } from "../../../domain/hyperparameters/stepSize";
import type { TriedRate } from "../../../domain/hyperparameters/triedRates";
import { farAbove } from "../../../domain/hyperparameters/triedRates";
import { measured, rounded, setting } from "../../../format/numbers";
import { RAMP_FACTOR, RAMP_STEPS } from "../../../state/commands/commands";
import { Icon } from "../../../ui/Icon";
import * as styles from "./LearningRatePreview.module.css";

export interface LearningRatePreviewProps {
  run: Run;
  rate: Rate;
  current: number;
  to: number;
  /** It was changed elsewhere meanwhile. */
  moved: boolean;
  tried: TriedRate[];
}

export function LearningRatePreview({ run, rate, current, to, moved, tried }: LearningRatePreviewProps) {
  const factor = to / current;
  const size = fromWireNumber(run.latest["step_size"]);
  const beta = run.effective?.momentum ?? Number(run.values["momentum"] ?? 0);
  const decay = Number(run.values["weight_decay"] ?? 0);
  const far = farAbove(tried, to);
  return (
    <div className="preview numbers">
      <p>
        → <b>{setting(to)}</b>: step size {timesText(factor)}
        {Number.isFinite(size) ? `, ${partText(size)} → ${partText(size * factor)} of the weights` : ""}.
      </p>
      {Number.isFinite(size) ? <Zone part={size * factor} /> : null}
      {far ? (
        <p className={styles.zone} data-tone="busy">
          <Icon name="warn" />
          <span>
            {setting(to)} is {far.factor > 1000 ? "more than 1,000" : rounded(far.factor)} times the highest
            learning rate that worked here ({setting(far.highest)}).
          </span>
        </p>
      ) : null}
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
      {factor >= RAMP_FACTOR && run.allowed.includes("set") ? (
        <p>Rises gradually over {RAMP_STEPS} steps.</p>
      ) : null}
      {moved ? (
        <p>Changed in another window: it is now {setting(current)}. Your staged value was kept.</p>
      ) : null}
    </div>
  );
}

/** How large the steps would be: an icon, a word and a colour. */
function Zone({ part }: { part: number }) {
  const { word, tone } = stepSizeZone(part);
  return (
    <p className={styles.zone} data-tone={tone} data-part="zone">
      <Icon name={tone === "good" ? "check" : "warn"} /> <b>{word}</b>
    </p>
  );
}

/** One value of a script: what is in force, what sets it, and how it stands to what the script says. */
import type { Hyperparameter, Run } from "../../../api/types";
import { canRamp, multiplied, overrideOf, valueInForce } from "../../../domain/hyperparameters/override";
import { valueText } from "../../../format/hyperparameters";
import { change } from "../../../state/commands/commands";
import { ActionButton } from "../../../ui/ActionButton";
import { HyperparameterControl } from "../hyperparameters/HyperparameterControl";
import * as rateStyles from "../hyperparameters/LearningRate.module.css";
import { ControlHead, symbolOf } from "../staged/StagedControl";
import { ControlDetails } from "./ControlDetails";
import { RelativeFields } from "./RelativeFields";
import { useScriptEvents } from "./useScriptEvents";

export interface ScriptControlProps {
  run: Run;
  declared: Hyperparameter;
  /** Whether it multiplies the learning rates of all parameter groups. */
  isFactor: boolean;
  /** What multiplies it besides, as one of several parameter groups. */
  onAllGroups: number;
}

const NUDGES = [
  { verb: "Divide", end: " by 10", word: "÷10", by: 0.1 },
  { verb: "Halve", end: "", word: "×½", by: 0.5 },
  { verb: "Double", end: "", word: "×2", by: 2 },
];

export function ScriptControl({ run, declared, isFactor, onAllGroups }: ScriptControlProps) {
  const events = useScriptEvents();
  const { name, label, relative } = declared;
  const now = valueInForce(name, run, events);
  const override = overrideOf(name, events);
  const shown = isFactor && typeof now === "number" ? `× ${valueText(name, now)}` : valueText(name, now);
  // What repeats for each group and each optimizer is said by the title alone.
  const help = name.includes(".") ? "" : declared.help;
  return (
    <div className="control" role="group" aria-label={label}>
      <ControlHead name={label} symbol={symbolOf(declared)} badge="live" help={declared.help} now={shown} />
      <HyperparameterControl
        run={run}
        declared={declared}
        now={now}
        ramps={canRamp(declared, true)}
        request={isFactor && run.allowed.includes("set") ? (times) => ({ times }) : undefined}
        help={help}
      />
      {relative ? (
        <RelativeFields
          run={run}
          declared={declared}
          override={override}
          isFactor={isFactor}
          onAllGroups={onAllGroups}
        >
          {declared.tier === 1 && typeof now === "number"
            ? NUDGES.map(({ verb, end, word, by }) => (
                <ActionButton
                  key={word}
                  label={`${verb} ${label.toLowerCase()}${end}`}
                  className={rateStyles.quickButton}
                  enabled={run.allowed.includes("set")}
                  onPress={() =>
                    void change(run, {
                      kind: "set",
                      values: { [name]: multiplied(now, override, by, isFactor) },
                    })
                  }
                >
                  <span aria-hidden="true">{word}</span>
                </ActionButton>
              ))
            : null}
        </RelativeFields>
      ) : null}
      <ControlDetails run={run} declared={declared} />
    </div>
  );
}

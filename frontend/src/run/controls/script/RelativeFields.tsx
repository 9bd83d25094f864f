/** How a value stands to what the script's own code and its schedule say: a factor on it, or alone again. */
import type { ReactNode } from "react";
import type { Hyperparameter, RequestedValues, Run } from "../../../api/types";
import type { Override } from "../../../domain/hyperparameters/override";
import { valueText } from "../../../format/hyperparameters";
import { setting } from "../../../format/numbers";
import type { ParsedNumber } from "../../../format/parseNumber";
import { notANumberText, parseNumber } from "../../../format/parseNumber";
import { change } from "../../../state/commands/commands";
import { ActionButton } from "../../../ui/ActionButton";
import { NumberField } from "../../../ui/fields/NumberField";
import { useStagedValue } from "../staged/useStagedValue";
import * as styles from "./RelativeFields.module.css";

export interface RelativeFieldsProps {
  run: Run;
  declared: Hyperparameter;
  override: Override | null;
  /** The value is a factor itself: it needs no second one. */
  isFactor: boolean;
  /** As of `ScriptControl`. */
  onAllGroups: number;
  /** Buttons beside Release. */
  children: ReactNode;
}

export function RelativeFields({
  run,
  declared,
  override,
  isFactor,
  onAllGroups,
  children,
}: RelativeFieldsProps) {
  const { name, label } = declared;
  const factor = override && "times" in override ? override.times : 1;
  const staged = useStagedValue(factor);
  const may = run.allowed.includes("set");
  const request = (value: RequestedValues[string]) =>
    void change(run, { kind: "set", values: { [name]: value } });
  const state = stateText(name, override, isFactor, onAllGroups);
  const apply = (times: number) => {
    request({ times });
    staged.reset();
  };
  return (
    <div className={styles.relative}>
      {children ? <p className="muted small-text">{state}</p> : null}
      <div className="row">
        {children ?? <span className="muted small-text">{state}</span>}
        <ActionButton
          label="Release"
          title="Only what the script says is in force again"
          className={children ? styles.release : `small ${styles.release}`}
          enabled={may && (override !== null || run.parent !== null)}
          onPress={() => request({ release: true })}
        >
          Release
        </ActionButton>
      </div>
      {isFactor ? null : (
        <div className={`row ${styles.factor}`}>
          <span className="muted small-text" aria-hidden="true">
            Script's value ×
          </span>
          <NumberField
            label={`${label} factor`}
            shown={setting(staged.shown)}
            read={(text) => readFactor(text, factor)}
            disabled={!may}
            onValue={staged.stage}
            onEnter={apply}
            onEscape={staged.reset}
          />
          <ActionButton
            label={`Apply ${label.toLowerCase()} factor`}
            className="small"
            enabled={may && staged.staged !== null}
            onPress={() => {
              if (staged.staged !== null) apply(staged.staged);
            }}
          >
            Apply
          </ActionButton>
        </div>
      )}
      {override ? (
        <p className="muted small-text">
          What the script prints of it is its own value, not the one in force.
        </p>
      ) : null}
    </div>
  );
}

function stateText(name: string, override: Override | null, isFactor: boolean, onAllGroups: number): string {
  const also = onAllGroups === 1 ? "" : `, × ${setting(onAllGroups)} as all groups`;
  if (override === null) return `As the script says${also}`;
  if ("times" in override) return `× ${setting(override.times)} of what the script says${also}`;
  const held = valueText(name, override.value);
  if (isFactor) return `× ${held} of what the script says`;
  return also ? `Held at ${held}${also}` : `Held at ${held}, whatever the script says`;
}

function readFactor(text: string, current: number): ParsedNumber {
  const value = parseNumber(text, current);
  if (Number.isNaN(value)) {
    return { value: null, problem: notANumberText(text, "Enter a factor such as 0.5, 2 or /10.") };
  }
  if (value <= 0 || !Number.isFinite(value)) return { value: null, problem: "A factor must be above 0." };
  return { value, problem: null };
}

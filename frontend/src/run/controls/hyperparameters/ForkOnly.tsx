/** A value that only a new branch can have: choosing another one offers the fork. */

import { fromWireNumber } from "../../../api/number";
import type { Hyperparameter, Run, Value } from "../../../api/types";
import { readDeclared } from "../../../domain/hyperparameters/hyperparameters";
import { valueText } from "../../../format/hyperparameters";
import { openDialog } from "../../../state/dialogs";
import { usePage } from "../../../state/store";
import { ActionButton } from "../../../ui/ActionButton";
import { NumberField } from "../../../ui/fields/NumberField";
import { useStagedValue } from "../staged/useStagedValue";
import * as styles from "./ForkOnly.module.css";

export interface ForkOnlyProps {
  run: Run;
  declared: Hyperparameter;
  /** Numbers are typed, not chosen: nobody knows which ones are usual. */
  typed?: boolean;
}

export function ForkOnly({ run, declared, typed = false }: ForkOnlyProps) {
  const current = (run.values[declared.name] ?? declared.default) as Value;
  const staged = useStagedValue(current);
  const checkpoint = usePage(
    (page) =>
      page.open?.checkpoints.findLast((checkpoint) => checkpoint.valid && !checkpoint.removed) ?? null,
  );
  const fork = () => {
    if (staged.staged === null || !checkpoint) return;
    openDialog({ kind: "fork", checkpoint, values: { [declared.name]: staged.staged } });
    staged.reset();
  };
  return (
    <>
      {typed && typeof current === "number" ? (
        <NumberField
          label={`${declared.label} value`}
          shown={valueText(declared.name, staged.shown)}
          read={(text) => readDeclared(text, current, declared)}
          onValue={staged.stage}
          onEscape={staged.reset}
        />
      ) : (
        <ChoiceOf declared={declared} current={current} shown={staged.shown} onStage={staged.stage} />
      )}
      {staged.staged !== null ? (
        <div className="preview">
          <p>
            {typed
              ? "The script reads it only before its loop: a fork starts with it."
              : `${declared.label} cannot change in a running network.`}
          </p>
          <ActionButton icon="fork" enabled={checkpoint !== null} onPress={fork}>
            Fork with {valueText(declared.name, staged.staged)}{" "}
            {declared.kind === "int" ? declared.label.toLowerCase() : ""}
          </ActionButton>
          {checkpoint ? null : <p className="muted">There is no checkpoint to fork from yet.</p>}
        </div>
      ) : null}
    </>
  );
}

interface ChoiceOfProps {
  declared: Hyperparameter;
  current: Value;
  shown: Value;
  onStage: (value: Value) => void;
}

function ChoiceOf({ declared, current, shown, onStage }: ChoiceOfProps) {
  const choices = choicesOf(declared, current);
  return (
    <select
      className={`select ${styles.wide}`}
      aria-label={declared.label}
      value={String(shown)}
      onChange={(event) => {
        const chosen = choices.find((choice) => String(choice) === event.target.value);
        if (chosen !== undefined) onStage(chosen);
      }}
    >
      {choices.map((choice) => (
        <option key={String(choice)} value={String(choice)}>
          {valueText(declared.name, choice)} {declared.unit}
        </option>
      ))}
    </select>
  );
}

/** Legal values only: the declared choices, powers of two, or a few whole numbers around. */
function choicesOf(declared: Hyperparameter, current: Value): Value[] {
  if (declared.kind === "choice") return declared.choices ?? [current];
  if (declared.kind === "bool") return [false, true];
  const [low, high] = [fromWireNumber(declared.low ?? 1), fromWireNumber(declared.high ?? Infinity)];
  const all =
    declared.scale === "linear"
      ? Array.from({ length: 12 }, (_, i) => i + 1)
      : Array.from({ length: 11 }, (_, i) => 2 ** (i + 1));
  const legal = all.filter(
    (value) => value >= low && value <= high && (typeof current !== "number" || value <= current * 16),
  );
  return [...new Set([...legal, current])].sort((a, b) => Number(a) - Number(b));
}

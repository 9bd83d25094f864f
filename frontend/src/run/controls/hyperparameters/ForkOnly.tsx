/** A value that only a new branch can have: choosing another one offers the fork. */

import { fromWireNumber } from "../../../api/number";
import type { Hyperparameter, Run, Value } from "../../../api/types";
import { valueText } from "../../../format/hyperparameters";
import { openDialog } from "../../../state/dialogs";
import { usePage } from "../../../state/store";
import { ActionButton } from "../../../ui/ActionButton";
import { useStagedValue } from "../staged/useStagedValue";
import * as styles from "./ForkOnly.module.css";

export function ForkOnly({ run, declared }: { run: Run; declared: Hyperparameter }) {
  const current = run.values[declared.name] as Value;
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
      <select
        className={`select ${styles.wide}`}
        aria-label={declared.label}
        value={String(staged.shown)}
        onChange={(event) =>
          staged.stage(typeof current === "number" ? Number(event.target.value) : event.target.value)
        }
      >
        {choicesOf(declared, current).map((choice) => (
          <option key={String(choice)} value={String(choice)}>
            {valueText(declared.name, choice)} {declared.unit}
          </option>
        ))}
      </select>
      {staged.staged !== null ? (
        <div className="preview">
          <p>{declared.label} cannot change in a running network.</p>
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

/** When a conditional hyperparameter is drawn: while another one has certain values. */
import type { Hyperparameter } from "../../../api/types";
import { valueText } from "../../../format/hyperparameters";
import * as styles from "./ConditionFields.module.css";
import * as layout from "./row.module.css";
import type { Row } from "./space";
import { choicesOf } from "./space";

export interface ConditionFieldsProps {
  row: Row;
  label: string;
  deciding: { hyperparameter: Hyperparameter; row: Row }[];
  onRow: (change: Partial<Row>) => void;
}

export function ConditionFields({ row, label, deciding, onRow }: ConditionFieldsProps) {
  if (deciding.length === 0) {
    return (
      <p className={`${layout.said} muted small-text`}>
        Add a parameter with choices first, such as the optimizer: its choice then decides.
      </p>
    );
  }
  const other = deciding.find(({ hyperparameter }) => hyperparameter.name === row.when.name);
  return (
    <div className={styles.spaceWhen} role="group" aria-label={`When ${label} is drawn`}>
      <span className="muted small-text">only drawn when</span>
      <select
        className="select"
        aria-label={`Parameter that decides about ${label}`}
        value={row.when.name}
        onChange={(event) => onRow({ when: { name: event.target.value, values: [] } })}
      >
        <option value="">choose…</option>
        {deciding.map(({ hyperparameter }) => (
          <option key={hyperparameter.name} value={hyperparameter.name}>
            {hyperparameter.label}
          </option>
        ))}
      </select>
      {other ? <span className="muted small-text">is</span> : null}
      {other
        ? choicesOf(other.hyperparameter).map((choice) => {
            const text = String(choice);
            return (
              <label key={text} className="check">
                <input
                  type="checkbox"
                  checked={row.when.values.includes(text)}
                  onChange={(event) => {
                    const kept = row.when.values.filter((value) => value !== text);
                    onRow({
                      when: { name: row.when.name, values: event.target.checked ? [...kept, text] : kept },
                    });
                  }}
                />
                {valueText(other.hyperparameter.name, choice)}
              </label>
            );
          })
        : null}
    </div>
  );
}

/** When a conditional hyperparameter is drawn: while another one has certain values. */
import type { Hyperparameter } from "../api/types";
import { valueText } from "../charts/markers";
import type { Row } from "./space";
import { choicesOf } from "./space";

export interface WhenFieldsProps {
  row: Row;
  label: string;
  deciding: { one: Hyperparameter; row: Row }[];
  onRow: (change: Partial<Row>) => void;
}

export function WhenFields({ row, label, deciding, onRow }: WhenFieldsProps) {
  if (deciding.length === 0) {
    return <p className="space-said muted small-text">Add a parameter with choices first, such as the optimizer: its choice then decides.</p>;
  }
  const other = deciding.find(({ one }) => one.name === row.when.name);
  return (
    <div className="space-when" role="group" aria-label={`When ${label} is drawn`}>
      <span className="muted small-text">only drawn when</span>
      <select
        className="select"
        aria-label={`Parameter that decides about ${label}`}
        value={row.when.name}
        onChange={(event) => onRow({ when: { name: event.target.value, values: [] } })}
      >
        <option value="">choose…</option>
        {deciding.map(({ one }) => (
          <option key={one.name} value={one.name}>
            {one.label}
          </option>
        ))}
      </select>
      {other ? <span className="muted small-text">is</span> : null}
      {other
        ? choicesOf(other.one).map((choice) => {
            const text = String(choice);
            return (
              <label key={text} className="check">
                <input
                  type="checkbox"
                  checked={row.when.values.includes(text)}
                  onChange={(event) => {
                    const kept = row.when.values.filter((value) => value !== text);
                    onRow({ when: { name: row.when.name, values: event.target.checked ? [...kept, text] : kept } });
                  }}
                />
                {valueText(other.one.name, choice)}
              </label>
            );
          })
        : null}
    </div>
  );
}

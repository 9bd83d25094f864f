/** All hyperparameters of a task as fields, by tier, each with its help and what is wrong with it. */
import { useId } from "react";
import type { Hyperparameter, Values } from "../api/types";
import { valueText } from "../charts/markers";
import { applies } from "../controls/TierThree";

export interface Draft {
  /** What was typed, by name. Numbers stay text until they are sent. */
  [name: string]: string | boolean;
}

export interface HyperparameterFieldsProps {
  declared: Hyperparameter[];
  draft: Draft;
  /** Sentences by field name, from here or from the server. */
  problems: Record<string, string>;
  onDraft: (draft: Draft) => void;
}

const TIERS = [1, 2, 3] as const;
const TIER_WORDS = { 1: "Tier 1: matters most", 2: "Tier 2", 3: "Tier 3: rarely worth changing" };

export function HyperparameterFields(props: HyperparameterFieldsProps) {
  const values = { ...props.draft } as Values;
  const shown = props.declared.filter((one) => applies(one, { values }));
  return (
    <>
      {TIERS.map((tier) => {
        const ofTier = shown.filter((one) => one.tier === tier);
        if (ofTier.length === 0) return null;
        const fields = (
          <div className="form-grid">
            {ofTier.map((one) => (
              <Field key={one.name} {...props} one={one} />
            ))}
          </div>
        );
        const wrong = ofTier.some((one) => props.problems[one.name]);
        return tier === 3 ? (
          <details key={tier} className="form-tier" open={wrong || undefined}>
            <summary>{TIER_WORDS[tier]}</summary>
            {fields}
          </details>
        ) : (
          <fieldset key={tier} className="form-tier">
            <legend>{TIER_WORDS[tier]}</legend>
            {fields}
          </fieldset>
        );
      })}
    </>
  );
}

function Field({ one, draft, problems, onDraft }: HyperparameterFieldsProps & { one: Hyperparameter }) {
  const id = useId();
  const problem = problems[one.name];
  const value = draft[one.name];
  const set = (next: string | boolean) => onDraft({ ...draft, [one.name]: next });
  const described = `${id}-help${problem ? ` ${id}-problem` : ""}`;
  const label = (
    <>
      {one.label} {one.symbol && !one.label.includes(one.symbol) ? <i className="symbol">{one.symbol}</i> : null}
    </>
  );
  return (
    <div className="form-field">
      {one.kind === "bool" ? (
        <label className="check" htmlFor={id}>
          <input id={id} type="checkbox" checked={value === true} aria-describedby={described} onChange={(event) => set(event.target.checked)} />
          {label}
        </label>
      ) : (
        <label htmlFor={id}>{label}</label>
      )}
      {one.kind === "choice" ? (
        <select id={id} className="select" value={String(value)} aria-describedby={described} onChange={(event) => set(event.target.value)}>
          {(one.choices ?? []).map((choice) => (
            <option key={choice} value={choice}>
              {valueText(one.name, choice)}
            </option>
          ))}
        </select>
      ) : null}
      {one.kind === "float" || one.kind === "int" ? (
        <input
          id={id}
          className="field numbers"
          inputMode="decimal"
          autoComplete="off"
          value={String(value ?? "")}
          aria-invalid={problem !== undefined}
          aria-describedby={described}
          data-field={one.name}
          onChange={(event) => set(event.target.value)}
        />
      ) : null}
      {problem ? (
        <p className="problem" role="alert" id={`${id}-problem`}>
          {problem}
        </p>
      ) : null}
      <p className="muted form-help" id={`${id}-help`}>
        {one.help}
      </p>
    </div>
  );
}

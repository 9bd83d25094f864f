/** All hyperparameters of a task as fields, by tier, each with its help and what is wrong with it. */
import { useId } from "react";
import type { Hyperparameter, Values } from "../../api/types";
import { applies } from "../../domain/hyperparameters/hyperparameters";
import { valueText } from "../../format/hyperparameters";

export interface Draft {
  /** What was typed, by name. Numbers stay text until they are sent. */
  [name: string]: string | boolean;
}

export interface HyperparameterFieldsProps {
  declared: Hyperparameter[];
  draft: Draft;
  /** Values in force now, where the form shows others. */
  now?: Values;
  /** Sentences by field name, from here or from the server. */
  problems: Record<string, string>;
  onDraft: (draft: Draft) => void;
}

const TIERS = [1, 2, 3] as const;
const TIER_WORDS = { 1: "Tier 1: matters most", 2: "Tier 2", 3: "Tier 3: rarely worth changing" };

export function HyperparameterFields(props: HyperparameterFieldsProps) {
  const values = { ...props.draft } as Values;
  const shown = props.declared.filter((hyperparameter) => applies(hyperparameter, { values }));
  return (
    <>
      {TIERS.map((tier) => {
        const ofTier = shown.filter((hyperparameter) => hyperparameter.tier === tier);
        if (ofTier.length === 0) return null;
        const fields = (
          // biome-ignore lint/correctness/useJsxKeyInIterable: the element around it has the key
          <div className="form-grid">
            {ofTier.map((hyperparameter) => (
              <Field key={hyperparameter.name} {...props} hyperparameter={hyperparameter} />
            ))}
          </div>
        );
        const wrong = ofTier.some((hyperparameter) => props.problems[hyperparameter.name]);
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

function Field({
  hyperparameter,
  draft,
  now,
  problems,
  onDraft,
}: HyperparameterFieldsProps & { hyperparameter: Hyperparameter }) {
  const id = useId();
  const problem = problems[hyperparameter.name];
  const value = draft[hyperparameter.name];
  const present = now?.[hyperparameter.name];
  const set = (next: string | boolean) => onDraft({ ...draft, [hyperparameter.name]: next });
  const described = `${id}-help${problem ? ` ${id}-problem` : ""}`;
  const label = (
    <>
      {hyperparameter.label}{" "}
      {hyperparameter.symbol && !hyperparameter.label.includes(hyperparameter.symbol) ? (
        <i className="symbol">{hyperparameter.symbol}</i>
      ) : null}
    </>
  );
  return (
    <div className="form-field">
      {hyperparameter.kind === "bool" ? (
        <label className="check" htmlFor={id}>
          <input
            id={id}
            type="checkbox"
            checked={value === true}
            aria-describedby={described}
            onChange={(event) => set(event.target.checked)}
          />
          {label}
        </label>
      ) : (
        <label htmlFor={id}>{label}</label>
      )}
      {hyperparameter.kind === "choice" ? (
        <select
          id={id}
          className="select"
          value={String(value)}
          aria-describedby={described}
          onChange={(event) => set(event.target.value)}
        >
          {(hyperparameter.choices ?? []).map((choice) => (
            <option key={choice} value={choice}>
              {valueText(hyperparameter.name, choice)}
            </option>
          ))}
        </select>
      ) : null}
      {hyperparameter.kind === "float" || hyperparameter.kind === "int" ? (
        <input
          id={id}
          className="field numbers"
          inputMode="decimal"
          autoComplete="off"
          value={String(value ?? "")}
          aria-invalid={problem !== undefined}
          aria-describedby={described}
          data-field={hyperparameter.name}
          onChange={(event) => set(event.target.value)}
        />
      ) : null}
      {problem ? (
        <p className="problem" role="alert" id={`${id}-problem`}>
          {problem}
        </p>
      ) : null}
      <p className="muted form-help" id={`${id}-help`}>
        {present === undefined ? "" : `Now ${valueText(hyperparameter.name, present)}. `}
        {hyperparameter.help}
      </p>
    </div>
  );
}

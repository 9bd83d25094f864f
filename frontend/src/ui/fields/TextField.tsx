/** A labelled text field with its help and what is wrong with it. */
import { useId } from "react";

export interface TextFieldProps {
  label: string;
  value: string;
  help?: string;
  problem?: string;
  number?: boolean;
  placeholder?: string;
  onText: (text: string) => void;
}

export function TextField({ label, value, help, problem, number, placeholder, onText }: TextFieldProps) {
  const id = useId();
  return (
    <div className="form-field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className={number ? "field numbers" : "field"}
        inputMode={number ? "numeric" : "text"}
        autoComplete="off"
        maxLength={number ? 18 : 2000}
        placeholder={placeholder}
        value={value}
        aria-invalid={problem !== undefined}
        aria-describedby={`${id}-help${problem ? ` ${id}-problem` : ""}`}
        onChange={(event) => onText(event.target.value)}
      />
      {problem ? (
        <p className="problem" role="alert" id={`${id}-problem`}>
          {problem}
        </p>
      ) : null}
      <p className="muted form-help" id={`${id}-help`}>
        {help}
      </p>
    </div>
  );
}

/** A text field for a number, which also takes x2 and /10. What is wrong is said below it. */
import { useId, useState } from "react";
import type { ParsedNumber } from "../../format/parseNumber";
import * as styles from "./NumberField.module.css";

export interface NumberFieldProps {
  label: string;
  /** What is shown while the field is not being edited. */
  shown: string;
  read: (text: string) => ParsedNumber;
  disabled?: boolean;
  onValue: (value: number) => void;
  onEnter?: (value: number) => void;
  onEscape?: () => void;
}

export function NumberField(props: NumberFieldProps) {
  const [text, setText] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const problemId = useId();
  const accept = (typedText: string): number | null => {
    const parsed = props.read(typedText);
    setProblem(parsed.problem);
    if (parsed.value === null) return null;
    props.onValue(parsed.value);
    return parsed.value;
  };
  const onBlur = () => {
    if (text !== null && text !== props.shown && accept(text) === null) return;
    setText(null);
  };
  return (
    <div className={styles.numberField}>
      <input
        className="field numbers"
        type="text"
        inputMode="decimal"
        autoComplete="off"
        spellCheck={false}
        aria-label={props.label}
        aria-invalid={problem !== null}
        aria-describedby={problem ? problemId : undefined}
        disabled={props.disabled}
        value={text ?? props.shown}
        onFocus={(event) => {
          setText(props.shown);
          event.target.select();
        }}
        onChange={(event) => {
          setText(event.target.value);
          setProblem(null);
          const parsed = props.read(event.target.value);
          // Staged while typing, so that the preview follows; complaints wait until the field is left.
          if (parsed.value !== null) props.onValue(parsed.value);
        }}
        onBlur={onBlur}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            setText(null);
            setProblem(null);
            props.onEscape?.();
            event.stopPropagation();
          }
          if (event.key !== "Enter") return;
          event.preventDefault();
          const value = accept(event.currentTarget.value);
          if (value === null) return;
          setText(null);
          props.onEnter?.(value);
        }}
      />
      {problem ? (
        <p className="problem" role="alert" id={problemId}>
          {problem}
        </p>
      ) : null}
    </div>
  );
}

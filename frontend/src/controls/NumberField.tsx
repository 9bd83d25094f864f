/** A text field for a number, which also takes x2 and /10. What is wrong is said below it. */
import { useId, useState } from "react";
import type { Typed } from "../text/typedNumber";

export interface NumberFieldProps {
  label: string;
  /** What is shown while nobody types. */
  shown: string;
  read: (text: string) => Typed;
  disabled?: boolean;
  onValue: (value: number) => void;
  onEnter?: (value: number) => void;
  onEscape?: () => void;
}

export function NumberField(props: NumberFieldProps) {
  const [text, setText] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const problemId = useId();
  const take = (typed: string): number | null => {
    const answer = props.read(typed);
    setProblem(answer.problem);
    if (answer.value === null) return null;
    props.onValue(answer.value);
    return answer.value;
  };
  const leave = () => {
    if (text !== null && text !== props.shown && take(text) === null) return;
    setText(null);
  };
  return (
    <div className="number-field">
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
          const answer = props.read(event.target.value);
          // Staged while typing, so that the preview follows; complaints wait until the field is left.
          if (answer.value !== null && /^[\d.]/.test(event.target.value.trim())) props.onValue(answer.value);
        }}
        onBlur={leave}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            setText(null);
            setProblem(null);
            props.onEscape?.();
            event.stopPropagation();
          }
          if (event.key !== "Enter") return;
          event.preventDefault();
          const value = take(event.currentTarget.value);
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

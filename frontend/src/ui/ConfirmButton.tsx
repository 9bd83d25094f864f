/** A button for what cannot be undone: it first asks, and says what it costs. */
import { useState } from "react";
import type { IconName } from "./Icon";
import { Icon } from "./Icon";

export interface ConfirmButtonProps {
  icon: IconName;
  word: string;
  /** The accessible name, where it is not the word. */
  label?: string;
  /** What is asked; null: there is nothing to do. */
  ask: () => Promise<string | null>;
  /** What the button says that does it. */
  confirm: string;
  onConfirm: () => Promise<void>;
}

export function ConfirmButton({ icon, word, label, ask, confirm, onConfirm }: ConfirmButtonProps) {
  const [question, setQuestion] = useState<string | null>(null);
  if (question === null) {
    return (
      <button
        type="button"
        className="button"
        aria-label={label}
        onClick={() => void ask().then(setQuestion)}
      >
        <Icon name={icon} /> {word}
      </button>
    );
  }
  return (
    <span className="row" role="group" aria-label={question}>
      <span>{question}</span>
      <button
        type="button"
        className="button"
        onClick={() => {
          setQuestion(null);
          void onConfirm();
        }}
      >
        <Icon name={icon} /> {confirm}
      </button>
      <button type="button" className="button" onClick={() => setQuestion(null)}>
        Cancel
      </button>
    </span>
  );
}

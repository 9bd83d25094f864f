/** Asks for the reason of a change that has already happened; it never has to be answered. */
import { useState } from "react";
import { addNote } from "../../api/client";
import { toastError } from "../../state/toasts";
import * as styles from "./ReasonForm.module.css";

const REASONS = ["too slow", "bouncing", "plateau", "overfitting", "trying"];

export interface ReasonFormProps {
  /** The change; the reason becomes a note to its command. */
  why: { runId: number; commandId: number; step: number };
  onGiven?: () => void;
}

export function ReasonForm({ why, onGiven }: ReasonFormProps) {
  const [text, setText] = useState("");
  const submitReason = (reason: string) => {
    if (!reason.trim()) return;
    onGiven?.();
    addNote(why.runId, reason.trim(), why.step, why.commandId).catch(toastError);
  };
  return (
    <form
      className={styles.reason}
      onSubmit={(event) => {
        event.preventDefault();
        submitReason(text);
      }}
    >
      <input
        className="field"
        aria-label="Why?"
        placeholder="Why? (for the journal)"
        maxLength={500}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <div className={styles.chips}>
        {REASONS.map((reason) => (
          <button key={reason} type="button" className="chip-button" onClick={() => submitReason(reason)}>
            {reason}
          </button>
        ))}
      </div>
    </form>
  );
}

/** Notes in the journal: to write one, and to correct what was written. */
import { useEffect, useRef, useState } from "react";
import { addNote, correctNote } from "../../../api/client";
import type { Entry } from "../../../domain/journal";
import { whole } from "../../../format/numbers";
import { getPage, usePage } from "../../../state/store";
import { toastError } from "../../../state/toasts";
import { Icon } from "../../../ui/Icon";
import * as styles from "./Notes.module.css";

const NOTE_CHARS_MAX = 2000;

export function NoteForm() {
  const [text, setText] = useState("");
  const pinned = usePage((page) => page.view.pinned);
  const add = async () => {
    const run = getPage().open?.run.id;
    if (!text.trim() || run === undefined) return;
    try {
      await addNote(run, text.trim(), pinned ?? undefined);
      setText("");
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      <input
        className="field"
        aria-label="Note"
        placeholder={
          pinned === null ? "Write a note at the current step" : `Write a note at step ${whole(pinned)}`
        }
        maxLength={NOTE_CHARS_MAX}
        data-key="note"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" className="button" aria-disabled={!text.trim()}>
        Add note
      </button>
    </form>
  );
}

/** The text of a note of this run, and the button that opens it for a correction. */
export function NoteText({ entry }: { entry: Entry }) {
  const [editing, setEditing] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const wasEditing = useRef(false);
  useEffect(() => {
    // The field is gone: the focus goes back to where it came from.
    if (wasEditing.current && !editing) button.current?.focus({ preventScroll: true });
    wasEditing.current = editing;
  }, [editing]);
  if (editing) return <CorrectionForm entry={entry} onDone={() => setEditing(false)} />;
  return (
    <span>
      {entry.text}{" "}
      <button
        ref={button}
        type="button"
        className={`button quiet square small ${styles.correct}`}
        aria-label={`Correct the note at step ${whole(entry.step)}`}
        title="Correct this note"
        onClick={() => setEditing(true)}
      >
        <Icon name="edit" />
      </button>
    </span>
  );
}

function CorrectionForm({ entry, onDone }: { entry: Entry; onDone: () => void }) {
  const [text, setText] = useState(entry.text);
  const correct = async () => {
    const corrected = text.trim();
    if (!corrected) return;
    try {
      if (corrected !== entry.text) await correctNote(entry.runId, entry.id, corrected);
      onDone();
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        void correct();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onDone();
      }}
    >
      <input
        className="field"
        aria-label="Corrected note"
        autoFocus
        maxLength={NOTE_CHARS_MAX}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" className="button small" aria-disabled={!text.trim()}>
        Save
      </button>
      <button type="button" className="button quiet small" onClick={onDone}>
        Cancel
      </button>
    </form>
  );
}

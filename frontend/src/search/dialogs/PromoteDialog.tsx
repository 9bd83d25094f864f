/** A trial becomes a run of its own: it goes on from where it is, or begins again with the same values. */
import { useState } from "react";
import { STEPS_MAX } from "../../api/limits";
import type { Promotion } from "../../api/searches";
import { ApiError, promoteRun } from "../../api/searches";
import { parseWhole } from "../../format/parseNumber";
import { showRun } from "../../state/commands";
import { closeDialog } from "../../state/dialogs";
import { toast } from "../../state/toasts";
import { Dialog } from "../../ui/Dialog";
import { Icon } from "../../ui/Icon";
import { TextField } from "../../ui/TextField";

export interface PromoteDialogProps {
  runId: number;
  trial: number;
  searchId: number;
  steps: number;
}

const WAYS: { from: Promotion["from"]; word: string; help: string }[] = [
  {
    from: "checkpoint",
    word: "Continue from its checkpoint",
    help: "Weights, optimizer and data order as the trial left them; nothing is trained twice.",
  },
  { from: "scratch", word: "From scratch", help: "The same values and seed, from step 0." },
];

export function PromoteDialog({ runId, trial, searchId, steps }: PromoteDialogProps) {
  const [from, setFrom] = useState<Promotion["from"]>("checkpoint");
  const [fields, setFields] = useState({
    name: `trial ${trial} of search ${searchId}`,
    steps: String(steps * 4),
    note: "",
  });
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [sending, setSending] = useState(false);
  const promote = async () => {
    const typed = parseWhole(fields.steps, 1, STEPS_MAX, steps);
    if (typed.problem !== null) return setProblems({ steps: typed.problem });
    setSending(true);
    try {
      const run = await promoteRun(runId, {
        from,
        steps: typed.value,
        name: fields.name.trim() || undefined,
        note: fields.note.trim() || undefined,
      });
      closeDialog();
      await showRun(run.id);
      toast(`“${run.name}” is the panda now: adopted from caviar trial ${trial} of search ${searchId}.`);
    } catch (error) {
      setSending(false);
      const field = error instanceof ApiError ? error.field?.replace(/^body\./, "") : null;
      setProblems({ [field && field in fields ? field : ""]: (error as Error).message });
    }
    return undefined;
  };
  return (
    <Dialog title={`Promote trial ${trial}`}>
      <form
        className="short-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!sending) void promote();
        }}
      >
        <p className="muted">
          The trial stays in its search. The promoted run is an ordinary one: yours to steer.
        </p>
        <fieldset className="choices" role="radiogroup" aria-label="How it begins">
          {WAYS.map((way) => (
            <label key={way.from} className={way.from === from ? "choice chosen" : "choice"}>
              <input
                type="radio"
                name="from"
                checked={way.from === from}
                onChange={() => setFrom(way.from)}
              />
              <span>
                <b>{way.word}</b>
                <span className="muted small-text">{way.help}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <div className="form-grid">
          <TextField
            label="Name"
            value={fields.name}
            problem={problems["name"]}
            onText={(name) => setFields({ ...fields, name })}
          />
          <TextField
            label="Steps"
            number
            value={fields.steps}
            problem={problems["steps"]}
            help="In all, those of the trial included."
            onText={(text) => setFields({ ...fields, steps: text })}
          />
        </div>
        <TextField
          label="Description"
          value={fields.note}
          problem={problems["note"]}
          onText={(note) => setFields({ ...fields, note })}
        />
        {problems[""] ? (
          <p className="problem" role="alert">
            {problems[""]}
          </p>
        ) : null}
        <div className="form-end">
          <button type="button" className="button" onClick={closeDialog}>
            Cancel
          </button>
          <button type="submit" className="button primary" aria-disabled={sending}>
            <Icon name="out" /> {sending ? "Promoting…" : "Promote"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

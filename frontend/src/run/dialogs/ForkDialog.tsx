/** A new branch from a checkpoint, with other values where the form has them. */
import { useState } from "react";
import { ApiError, forkCheckpoint } from "../../api/client";
import type { Checkpoint, Values } from "../../api/types";
import { whole } from "../../format/numbers";
import { showRun } from "../../state/commands";
import { closeDialog } from "../../state/dialogs";
import { usePage } from "../../state/store";
import { toast } from "../../state/toasts";
import { Dialog } from "../../ui/Dialog";
import { Icon } from "../../ui/Icon";
import { TextField } from "../../ui/TextField";
import { draftOf, fieldName, forkValues, readDraft } from "./draft";
import type { Draft } from "./HyperparameterFields";
import { HyperparameterFields } from "./HyperparameterFields";

export function ForkDialog({ checkpoint, values }: { checkpoint: Checkpoint; values?: Values }) {
  const run = usePage((page) => page.open?.run ?? null);
  const task = usePage((page) => page.tasks.find((task) => task.name === page.open?.run.task) ?? null);
  const declared = task?.hyperparameters ?? [];
  const from = run?.values ?? {};
  const [draft, setDraft] = useState<Draft>(() => draftOf(declared, { ...from, ...values }));
  const [fields, setFields] = useState({ name: "", note: "", steps: String(run?.steps ?? "") });
  const [live, setLive] = useState(false);
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [failed, setFailed] = useState<string | null>(null);
  const [sending, setSending] = useState(false);

  const fork = async () => {
    const read = readDraft(declared, draft, from);
    setProblems(read.problems);
    setFailed(null);
    if (Object.keys(read.problems).length > 0) return;
    setSending(true);
    try {
      const next = await forkCheckpoint(checkpoint.id, {
        values: forkValues(read.values, from),
        rewind: live,
        steps: fields.steps.trim() ? Number(fields.steps) : undefined,
        name: fields.name.trim() || undefined,
        note: fields.note.trim() || undefined,
      });
      closeDialog();
      await showRun(next.id);
      toast(`Forked at step ${whole(checkpoint.step)} as “${next.name}”.`);
    } catch (error) {
      setSending(false);
      const field = error instanceof ApiError ? error.field : null;
      if (field) setProblems({ [fieldName(field)]: (error as Error).message });
      else setFailed((error as Error).message);
    }
  };

  return (
    <Dialog title={`Fork from step ${whole(checkpoint.step)}`} width="wide">
      <form
        className="run-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!sending) void fork();
        }}
      >
        <p className="muted">
          The new branch starts from the saved weights, optimizer and data order. Nothing of this run is
          overwritten.
        </p>
        <HyperparameterFields declared={declared} draft={draft} problems={problems} onDraft={setDraft} />
        <fieldset className="form-tier">
          <legend>This branch</legend>
          <div className="form-grid">
            <TextField
              label="Name"
              value={fields.name}
              problem={problems["name"]}
              help="Left empty, the server finds one."
              onText={(name) => setFields({ ...fields, name })}
            />
            <TextField
              label="Steps"
              number
              value={fields.steps}
              problem={problems["steps"]}
              help="Counted from the beginning of its ancestors."
              onText={(steps) => setFields({ ...fields, steps })}
            />
            <TextField
              label="Description"
              value={fields.note}
              problem={problems["note"]}
              help="What do you want to find out?"
              onText={(note) => setFields({ ...fields, note })}
            />
          </div>
          <label className="check">
            <input type="checkbox" checked={live} onChange={(event) => setLive(event.target.checked)} />
            Make it the live branch, and stop the one it leaves
          </label>
        </fieldset>
        {failed ? (
          <p className="problem" role="alert">
            {failed}
          </p>
        ) : null}
        <div className="form-end">
          <button type="button" className="button" onClick={closeDialog}>
            Cancel
          </button>
          <button type="submit" className="button primary" aria-label="Start fork" aria-disabled={sending}>
            <Icon name="fork" /> {sending ? "Forking…" : "Fork"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** A new branch from a checkpoint, with other values where the form has them. */
import { useState } from "react";
import { forkCheckpoint } from "../../api/client";
import type { Checkpoint, Values } from "../../api/types";
import { stepsOf } from "../../domain/declaration";
import { whole } from "../../format/numbers";
import { showRun } from "../../state/commands/commands";
import { useDeclared } from "../../state/declared";
import { usePage } from "../../state/store";
import { toast } from "../../state/toasts";
import { Dialog } from "../../ui/dialog/Dialog";
import { DialogForm } from "../../ui/dialog/DialogForm";
import { given, useDialogForm } from "../../ui/dialog/useDialogForm";
import { StartPaused } from "../../ui/fields/StartPaused";
import { TextField } from "../../ui/fields/TextField";
import { draftOf, forkValues, readDraft } from "./draft";
import type { Draft } from "./HyperparameterFields";
import { HyperparameterFields } from "./HyperparameterFields";

/** The run's present values where the checkpoint has others. */
const differing = (from: Values, now: Values): Values =>
  Object.fromEntries(Object.entries(now).filter(([name, value]) => name in from && from[name] !== value));

export function ForkDialog({ checkpoint, values }: { checkpoint: Checkpoint; values?: Values }) {
  const run = usePage((page) => page.open?.run ?? null);
  const declared = useDeclared();
  const now = run?.values ?? {};
  const from = checkpoint.values ?? now;
  const [draft, setDraft] = useState<Draft>(() => draftOf(declared, { ...from, ...values }));
  const form = useDialogForm(
    { name: "", note: "", steps: String((run && stepsOf(run)) ?? "") },
    Object.keys(draft),
  );
  const [live, setLive] = useState(false);
  const [paused, setPaused] = useState(false);

  const fork = () => {
    const { values, problems } = readDraft(declared, draft, from);
    const { name, note, steps } = form.fields;
    form.submit(
      problems,
      () =>
        forkCheckpoint(checkpoint.id, {
          values: forkValues(values, from),
          rewind: live,
          paused,
          steps: steps.trim() ? Number(steps) : undefined,
          name: given(name),
          note: given(note),
        }),
      async (next) => {
        await showRun(next.id);
        toast(`Forked at step ${whole(checkpoint.step)} as “${next.name}”.`);
      },
    );
  };

  return (
    <Dialog title={`Fork from step ${whole(checkpoint.step)}`} width="wide">
      <DialogForm
        form={form}
        onSubmit={fork}
        actions={{ icon: "fork", word: "Fork", sending: "Forking…", label: "Start fork" }}
      >
        <p className="muted">
          The new branch starts from the saved weights, optimizer and data order. Nothing of this run is
          overwritten.
          {declared.some(({ relative }) => relative)
            ? " A value that you set here stays where it is, whatever the schedule of the script says."
            : ""}
        </p>
        <HyperparameterFields
          declared={declared}
          draft={draft}
          now={differing(from, now)}
          problems={form.problems}
          onDraft={setDraft}
        />
        <fieldset className="form-tier">
          <legend>This branch</legend>
          <div className="form-grid">
            <TextField label="Name" {...form.text("name")} help="Leave empty for an automatic name." />
            <TextField
              label="Steps"
              number
              {...form.text("steps")}
              help="Total steps, including those before the fork."
            />
            <TextField label="Description" {...form.text("note")} help="What do you want to find out?" />
          </div>
          <label className="check">
            <input type="checkbox" checked={live} onChange={(event) => setLive(event.target.checked)} />
            Switch to the new branch and stop this one
          </label>
          <StartPaused checked={paused} onChange={setPaused} />
        </fieldset>
      </DialogForm>
    </Dialog>
  );
}

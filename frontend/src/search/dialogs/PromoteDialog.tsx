/** A trial becomes a run of its own: it goes on from where it is, or begins again with the same values. */
import { useEffect, useState } from "react";
import { getRun } from "../../api/client";
import { STEPS_MAX } from "../../api/limits";
import type { Promotion } from "../../api/searches";
import { promoteRun } from "../../api/searches";
import { presetPace } from "../../domain/pace";
import { parseWhole } from "../../format/parseNumber";
import { showRun } from "../../state/commands/commands";
import { toast } from "../../state/toasts";
import { Dialog } from "../../ui/dialog/Dialog";
import { DialogForm } from "../../ui/dialog/DialogForm";
import { given, useDialogForm } from "../../ui/dialog/useDialogForm";
import { StartPaused } from "../../ui/fields/StartPaused";
import { TextField } from "../../ui/fields/TextField";
import { suggestion } from "./promotion";

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

export function PromoteDialog(props: PromoteDialogProps) {
  const { runId, trial } = props;
  const [endsAt, setEndsAt] = useState<number | null>();
  useEffect(() => {
    let cancelled = false;
    getRun(runId)
      .then((run) => run.declared?.ends_at ?? null)
      .catch(() => null)
      .then((found) => {
        if (!cancelled) setEndsAt(found);
      });
    return () => {
      cancelled = true;
    };
  }, [runId]);
  return (
    <Dialog title={`Promote trial ${trial}`}>
      {endsAt === undefined ? <p className="muted">Loading…</p> : <PromoteForm {...props} endsAt={endsAt} />}
    </Dialog>
  );
}

function PromoteForm({
  runId,
  trial,
  searchId,
  steps,
  endsAt,
}: PromoteDialogProps & { endsAt: number | null }) {
  const suggested = suggestion(steps, endsAt);
  const [from, setFrom] = useState<Promotion["from"]>(suggested.from);
  // What is left would be over before anybody can steer it.
  const isShort = presetPace(Math.max(suggested.steps - steps, steps), null) > 0;
  const [paused, setPaused] = useState(isShort);
  const form = useDialogForm({
    name: `trial ${trial} of search ${searchId}`,
    steps: String(suggested.steps),
    note: "",
  });
  const promote = () => {
    const typed = parseWhole(form.fields.steps, 1, STEPS_MAX, steps);
    form.submit(
      typed.problem === null ? {} : { steps: typed.problem },
      () =>
        promoteRun(runId, {
          from,
          steps: typed.value ?? steps,
          name: given(form.fields.name),
          note: given(form.fields.note),
          paused,
        }),
      async (run) => {
        await showRun(run.id);
        const how = from === "checkpoint" ? "continues" : "starts again";
        toast(`Trial ${trial} ${how} as run ${run.id}, “${run.name}”.`);
      },
    );
  };
  return (
    <DialogForm
      form={form}
      onSubmit={promote}
      actions={{ icon: "out", word: "Promote", sending: "Promoting…" }}
    >
      <p className="muted">
        The trial stays in its search. The promoted run is an ordinary run that you can steer.
      </p>
      <fieldset className="choices" role="radiogroup" aria-label="How it begins">
        {WAYS.map((way) => (
          <label key={way.from} className={way.from === from ? "choice chosen" : "choice"}>
            <input type="radio" name="from" checked={way.from === from} onChange={() => setFrom(way.from)} />
            <span>
              <b>{way.word}</b>
              <span className="muted small-text">{way.help}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <div className="form-grid">
        <TextField label="Name" {...form.text("name")} />
        <TextField label="Steps" number {...form.text("steps")} help={suggested.help} />
      </div>
      <TextField label="Description" {...form.text("note")} />
      <StartPaused checked={paused} onChange={setPaused} />
    </DialogForm>
  );
}

/** Starts a run: which task, with which values, for how long. */
import { useState } from "react";
import { ApiError, startRun } from "../../api/client";
import type { NewRun, Task } from "../../api/types";
import { whole } from "../../format/numbers";
import { showRun } from "../../state/commands";
import { closeDialog } from "../../state/dialogs";
import { usePage } from "../../state/store";
import { Dialog } from "../../ui/Dialog";
import { Icon } from "../../ui/Icon";
import { TextField } from "../../ui/TextField";
import { draftOf, fieldName, readDraft, readPlan } from "./draft";
import type { Draft } from "./HyperparameterFields";
import { HyperparameterFields } from "./HyperparameterFields";

export function NewRunDialog({ like }: { like?: NewRun }) {
  const tasks = usePage((page) => page.tasks);
  const ready = usePage((page) => page.tasksReady);
  const shown = usePage((page) => page.open?.run.task ?? null);
  const [chosen, setChosen] = useState(like?.task ?? shown);
  const task = tasks.find((task) => task.name === chosen) ?? tasks.find((task) => !task.error) ?? null;
  return (
    <Dialog title="New run" width="wide">
      {!ready ? (
        <p className="muted">Reading the tasks… {tasks.length > 0 ? `${tasks.length} so far.` : ""}</p>
      ) : null}
      <div className="tasks" role="radiogroup" aria-label="Task">
        {tasks.map((candidate) => (
          <TaskChoice
            key={candidate.name}
            task={candidate}
            chosen={candidate.name === task?.name}
            onChoose={() => setChosen(candidate.name)}
          />
        ))}
      </div>
      {task && !task.error && task.hyperparameters.length > 0 ? (
        <RunForm key={task.name} task={task} like={like?.task === task.name ? like : undefined} />
      ) : null}
    </Dialog>
  );
}

function TaskChoice({ task, chosen, onChoose }: { task: Task; chosen: boolean; onChoose: () => void }) {
  return (
    <label className={chosen ? "task chosen" : "task"}>
      <input type="radio" name="task" checked={chosen} disabled={task.error !== null} onChange={onChoose} />
      <span>
        <b>{task.title || task.name}</b> <code>{task.name}</code>
        {task.error ? (
          <span className="problem" title={task.error}>
            {task.error.trim().split("\n").at(-1)}
          </span>
        ) : (
          <span className="muted">
            {" "}
            {task.summary}
            {task.train_size ? ` ${whole(task.train_size)} to train on.` : ""}
          </span>
        )}
      </span>
    </label>
  );
}

function RunForm({ task, like }: { task: Task; like?: NewRun }) {
  const from = { ...task.defaults };
  const [draft, setDraft] = useState<Draft>(() =>
    draftOf(task.hyperparameters, { ...from, ...like?.values }),
  );
  const [fields, setFields] = useState({
    steps: String(like?.steps ?? task.default_steps),
    seed: String(like?.seed ?? 0),
    name: like?.name ?? "",
    note: like?.note ?? "",
  });
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [failed, setFailed] = useState<string | null>(null);
  const [sending, setSending] = useState(false);
  const set = (change: Partial<typeof fields>) => setFields({ ...fields, ...change });

  const start = async () => {
    const read = readDraft(task.hyperparameters, draft, from);
    const { plan, problems: unplanned } = readPlan(fields, { steps: task.default_steps ?? 1000, seed: 0 });
    const wrong = { ...read.problems, ...unplanned };
    setProblems(wrong);
    setFailed(null);
    if (Object.keys(wrong).length > 0) return;
    setSending(true);
    try {
      const body: NewRun = { task: task.name, values: read.values, ...plan };
      if (fields.name.trim()) body.name = fields.name.trim();
      if (fields.note.trim()) body.note = fields.note.trim();
      const run = await startRun(body);
      closeDialog();
      await showRun(run.id);
    } catch (error) {
      setSending(false);
      const field = error instanceof ApiError ? error.field : null;
      if (field) setProblems({ [fieldName(field)]: (error as Error).message });
      else setFailed((error as Error).message);
    }
  };

  return (
    <form
      className="run-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!sending) void start();
      }}
    >
      <HyperparameterFields
        declared={task.hyperparameters}
        draft={draft}
        problems={problems}
        onDraft={setDraft}
      />
      <fieldset className="form-tier">
        <legend>This run</legend>
        <div className="form-grid">
          <TextField
            label="Steps"
            value={fields.steps}
            number
            problem={problems["steps"]}
            onText={(steps) => set({ steps })}
            help="Updates until the run is finished. It can be extended later."
          />
          <TextField
            label="Seed"
            value={fields.seed}
            number
            problem={problems["seed"]}
            onText={(seed) => set({ seed })}
            help="Equal seeds give equal runs, bit for bit on CPU."
          />
          <TextField
            label="Name"
            value={fields.name}
            problem={problems["name"]}
            onText={(name) => set({ name })}
            help="Left empty, the server finds one."
          />
          <TextField
            label="Description"
            value={fields.note}
            problem={problems["note"]}
            onText={(note) => set({ note })}
            help="What do you want to find out?"
          />
        </div>
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
        <button type="submit" className="button primary" aria-label="Start training" aria-disabled={sending}>
          <Icon name="play" /> {sending ? "Starting…" : "Start"}
        </button>
      </div>
    </form>
  );
}

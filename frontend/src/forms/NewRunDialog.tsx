/** Starts a run: which task, with which values, for how long. */
import { useState } from "react";
import { Refused, startRun } from "../api/client";
import type { NewRun, Task } from "../api/types";
import { Icon } from "../components/Icon";
import { Sheet } from "../components/Sheet";
import { closeDialog } from "../state/dialogs";
import { showRun } from "../state/steer";
import { usePage } from "../state/store";
import { whole } from "../text/numbers";
import type { Draft } from "./HyperparameterFields";
import { HyperparameterFields } from "./HyperparameterFields";
import { PlainField } from "./PlainField";
import { draftOf, fieldName, readDraft, readPlan } from "./draft";

export function NewRunDialog({ like }: { like?: NewRun }) {
  const tasks = usePage((page) => page.tasks);
  const ready = usePage((page) => page.tasksReady);
  const shown = usePage((page) => page.open?.run.task ?? null);
  const [chosen, setChosen] = useState(like?.task ?? shown);
  const task = tasks.find((one) => one.name === chosen) ?? tasks.find((one) => !one.error) ?? null;
  return (
    <Sheet title="New run" width="wide">
      {!ready ? <p className="muted">Reading the tasks… {tasks.length > 0 ? `${tasks.length} so far.` : ""}</p> : null}
      <div className="tasks" role="radiogroup" aria-label="Task">
        {tasks.map((one) => (
          <TaskChoice key={one.name} task={one} chosen={one.name === task?.name} onChoose={() => setChosen(one.name)} />
        ))}
      </div>
      {task && !task.error && task.hyperparameters.length > 0 ? (
        <RunForm key={task.name} task={task} like={like?.task === task.name ? like : undefined} />
      ) : null}
    </Sheet>
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
          <span className="muted"> {task.summary}{task.train_size ? ` ${whole(task.train_size)} to train on.` : ""}</span>
        )}
      </span>
    </label>
  );
}

function RunForm({ task, like }: { task: Task; like?: NewRun }) {
  const from = { ...task.defaults };
  const [draft, setDraft] = useState<Draft>(() => draftOf(task.hyperparameters, { ...from, ...like?.values }));
  const [plain, setPlain] = useState({
    steps: String(like?.steps ?? task.default_steps),
    seed: String(like?.seed ?? 0),
    name: like?.name ?? "",
    note: like?.note ?? "",
  });
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [failed, setFailed] = useState<string | null>(null);
  const [sending, setSending] = useState(false);
  const set = (change: Partial<typeof plain>) => setPlain({ ...plain, ...change });

  const start = async () => {
    const read = readDraft(task.hyperparameters, draft, from);
    const { plan, problems: unplanned } = readPlan(plain, { steps: task.default_steps ?? 1000, seed: 0 });
    const wrong = { ...read.problems, ...unplanned };
    setProblems(wrong);
    setFailed(null);
    if (Object.keys(wrong).length > 0) return;
    setSending(true);
    try {
      const asked: NewRun = { task: task.name, values: read.values, ...plan };
      if (plain.name.trim()) asked.name = plain.name.trim();
      if (plain.note.trim()) asked.note = plain.note.trim();
      const run = await startRun(asked);
      closeDialog();
      await showRun(run.id);
    } catch (error) {
      setSending(false);
      const field = error instanceof Refused ? error.field : null;
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
      <HyperparameterFields declared={task.hyperparameters} draft={draft} problems={problems} onDraft={setDraft} />
      <fieldset className="form-tier">
        <legend>This run</legend>
        <div className="form-grid">
          <PlainField label="Steps" value={plain.steps} number problem={problems["steps"]} onText={(steps) => set({ steps })} help="Updates until the run is finished. It can be extended later." />
          <PlainField label="Seed" value={plain.seed} number problem={problems["seed"]} onText={(seed) => set({ seed })} help="Equal seeds give equal runs, bit for bit on CPU." />
          <PlainField label="Name" value={plain.name} problem={problems["name"]} onText={(name) => set({ name })} help="Left empty, the server finds one." />
          <PlainField label="Description" value={plain.note} problem={problems["note"]} onText={(note) => set({ note })} help="What do you want to find out?" />
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

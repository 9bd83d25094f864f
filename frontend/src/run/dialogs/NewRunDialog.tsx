/** Starts a run: which task, with which values, for how long. */
import { useId, useState } from "react";
import { startRun } from "../../api/client";
import type { Objective } from "../../api/objective";
import type { NewRun, Task } from "../../api/types";
import { fullSpeedOf, PACES, paceHelp, paceText, presetPace } from "../../domain/pace";
import { whole } from "../../format/numbers";
import { showRun } from "../../state/commands/commands";
import { focusNext } from "../../state/focusNext";
import { usePage } from "../../state/store";
import { Dialog } from "../../ui/dialog/Dialog";
import { DialogForm } from "../../ui/dialog/DialogForm";
import { given, useDialogForm } from "../../ui/dialog/useDialogForm";
import { ObjectiveSelect } from "../../ui/fields/ObjectiveSelect";
import { StartPaused } from "../../ui/fields/StartPaused";
import { TextField } from "../../ui/fields/TextField";
import { draftOf, readDraft, readPlan } from "./draft";
import type { Draft } from "./HyperparameterFields";
import { HyperparameterFields } from "./HyperparameterFields";
import * as styles from "./NewRunDialog.module.css";

export function NewRunDialog({ like }: { like?: NewRun }) {
  const tasks = usePage((page) => page.tasks);
  const ready = usePage((page) => page.tasksReady);
  const shown = usePage((page) => page.open?.run.task ?? null);
  const [chosen, setChosen] = useState(like?.task ?? shown);
  const task = tasks.find((task) => task.name === chosen) ?? tasks.find((task) => !task.error) ?? null;
  return (
    <Dialog title="New run" width="wide">
      {!ready ? (
        <p className="muted">Loading the tasks… {tasks.length > 0 ? `${tasks.length} so far.` : ""}</p>
      ) : null}
      <div className={styles.tasks} role="radiogroup" aria-label="Task">
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
    <label className={chosen ? `${styles.task} chosen` : styles.task}>
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
            {task.train_size ? ` ${whole(task.train_size)} training examples.` : ""}
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
  const form = useDialogForm(
    {
      steps: String(like?.steps ?? task.default_steps),
      seed: String(like?.seed ?? 0),
      name: like?.name ?? "",
      note: like?.note ?? "",
    },
    Object.keys(draft),
  );

  const [objective, setObjective] = useState<Objective>({
    objective: like?.objective ?? task.objective,
    mode: like?.mode ?? task.mode,
  });
  const [paused, setPaused] = useState(false);
  const [chosenPace, setPace] = useState<number | null>(null);
  const speed = usePage((page) => fullSpeedOf(page.runs, task.name));
  const steps = Number(form.fields.steps.replace(/,/g, "").trim() || task.default_steps);
  const pace = chosenPace ?? presetPace(steps, speed);

  const start = () => {
    const { values, problems } = readDraft(task.hyperparameters, draft, from);
    const { plan, problems: ofPlan } = readPlan(form.fields, { steps: task.default_steps ?? 1000, seed: 0 });
    const [name, note] = [given(form.fields.name), given(form.fields.note)];
    form.submit(
      { ...problems, ...ofPlan },
      () =>
        startRun({
          task: task.name,
          values,
          ...plan,
          ...objective,
          name,
          note,
          paused,
          max_steps_per_s: pace || undefined,
        }),
      (run) => {
        focusNext("pause");
        return showRun(run.id);
      },
    );
  };

  return (
    <DialogForm
      form={form}
      onSubmit={start}
      actions={{ icon: "play", word: "Start", sending: "Starting…", label: "Start training" }}
    >
      <HyperparameterFields
        declared={task.hyperparameters}
        draft={draft}
        problems={form.problems}
        onDraft={setDraft}
      />
      <fieldset className="form-tier">
        <legend>This run</legend>
        <div className="form-grid">
          <TextField
            label="Steps"
            number
            {...form.text("steps")}
            help="Updates until the run is finished. It can be extended later."
          />
          <TextField
            label="Seed"
            number
            {...form.text("seed")}
            help="Equal seeds give equal runs, bit for bit on CPU."
          />
          <ObjectiveSelect
            task={task}
            value={objective}
            problem={form.problems["objective"]}
            onChange={setObjective}
          />
          <TextField label="Name" {...form.text("name")} help="Leave empty for an automatic name." />
          <TextField label="Description" {...form.text("note")} help="What do you want to find out?" />
        </div>
        <PaceField pace={pace} help={paceHelp(steps, speed)} onPace={setPace} />
        <StartPaused checked={paused} onChange={setPaused} />
      </fieldset>
    </DialogForm>
  );
}

function PaceField({
  pace,
  help,
  onPace,
}: {
  pace: number;
  help: string;
  onPace: (stepsPerS: number) => void;
}) {
  const id = useId();
  return (
    <div className={`form-field ${styles.pace}`}>
      <label htmlFor={id}>Pace</label>
      <select
        id={id}
        className="select"
        value={pace}
        aria-describedby={`${id}-help`}
        onChange={(event) => onPace(Number(event.target.value))}
      >
        {PACES.map((stepsPerS) => (
          <option key={stepsPerS} value={stepsPerS}>
            {paceText(stepsPerS)}
          </option>
        ))}
      </select>
      <p className="muted form-help" id={`${id}-help`}>
        {help} It can be changed while the run trains.
      </p>
    </div>
  );
}

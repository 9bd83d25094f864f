/** Starts a run: which task, with which values, for how long. */
import { useId, useState } from "react";
import { startRun } from "../../api/client";
import type { Objective } from "../../api/objective";
import type { NewRun, Trainable } from "../../api/types";
import { fullSpeedOf, PACES, paceHelp, paceText, presetPace } from "../../domain/pace";
import { asked, keyOf, startOf } from "../../domain/trainable";
import { whole } from "../../format/numbers";
import { showRun } from "../../state/commands/commands";
import { useScripts } from "../../state/declared";
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
  const scripts = useScripts();
  const [chosen, setChosen] = useState(like?.script ?? like?.task ?? shown);
  const choices: Trainable[] = [...tasks, ...(scripts ?? [])];
  const task = choices.find((item) => keyOf(item) === chosen) ?? choices.find((item) => !item.error) ?? null;
  const isWaited = like?.script && scripts === null; // for the script that it is about
  return (
    <Dialog title="New run" width="wide">
      {!ready ? (
        <p className="muted">Loading the tasks… {tasks.length > 0 ? `${tasks.length} so far.` : ""}</p>
      ) : null}
      <div className={styles.tasks} role="radiogroup" aria-label="Task">
        {choices.map((candidate) => (
          <TaskChoice
            key={keyOf(candidate)}
            task={candidate}
            chosen={candidate === task && !isWaited}
            onChoose={() => setChosen(keyOf(candidate))}
          />
        ))}
      </div>
      {task && !isWaited && !task.error && (task.script || task.hyperparameters.length > 0) ? (
        <RunForm
          key={keyOf(task)}
          task={task}
          like={(like?.script ?? like?.task) === keyOf(task) ? like : undefined}
        />
      ) : null}
    </Dialog>
  );
}

interface TaskChoiceProps {
  task: Trainable;
  chosen: boolean;
  onChoose: () => void;
}

function TaskChoice({ task, chosen, onChoose }: TaskChoiceProps) {
  return (
    <label className={chosen ? `${styles.task} chosen` : styles.task}>
      <input type="radio" name="task" checked={chosen} disabled={task.error !== null} onChange={onChoose} />
      <span>
        <b>{task.title || task.name}</b> <code>{task.script ? "script" : task.name}</code>
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

function RunForm({ task, like }: { task: Trainable; like?: NewRun }) {
  const isScript = task.script !== undefined;
  const from = { ...task.defaults };
  const declared = isScript ? asked(task.hyperparameters, like?.values) : task.hyperparameters;
  const [draft, setDraft] = useState<Draft>(() => draftOf(declared, { ...from, ...like?.values }));
  const form = useDialogForm(
    {
      steps: isScript ? "" : String(like?.steps ?? task.default_steps),
      seed: isScript ? "" : String(like?.seed ?? 0),
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
    const { values, problems } = readDraft(declared, draft, from);
    const usual = { steps: task.default_steps ?? 1000, seed: 0 };
    const { plan, problems: ofPlan } = readPlan(form.fields, usual, isScript);
    const isUsual = objective.objective === task.objective && objective.mode === task.mode;
    const [name, note] = [given(form.fields.name), given(form.fields.note)];
    form.submit(
      { ...problems, ...ofPlan },
      () =>
        startRun({
          ...startOf(task),
          values,
          ...plan,
          ...(isScript && isUsual ? {} : objective),
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
      <HyperparameterFields declared={declared} draft={draft} problems={form.problems} onDraft={setDraft} />
      <fieldset className="form-tier">
        <legend>This run</legend>
        <div className="form-grid">
          <TextField
            label="Steps"
            number
            {...form.text("steps")}
            placeholder={isScript && task.default_steps ? String(task.default_steps) : undefined}
            help={
              isScript
                ? "Leave empty to end where the script's own loops end."
                : "Updates until the run is finished. It can be extended later."
            }
          />
          <TextField
            label="Seed"
            number
            {...form.text("seed")}
            help={
              isScript
                ? "Leave empty for the script's own seed."
                : "Equal seeds give equal runs, bit for bit on CPU."
            }
          />
          {task.series.length > 0 ? (
            <ObjectiveSelect
              task={task}
              value={objective}
              problem={form.problems["objective"]}
              onChange={setObjective}
            />
          ) : null}
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

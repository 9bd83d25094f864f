/** Lays out a search: its space, its method, what it will cost; and the ones there were. */
import { useMemo, useState } from "react";
import type { NewSearch as SearchRequest } from "../../api/searches";
import { ApiError, startSearch } from "../../api/searches";
import type { Trainable } from "../../api/types";
import { keyOf, startOf } from "../../domain/trainable";
import { navigate, searchPath } from "../../state/route";
import { ObjectiveSelect } from "../../ui/fields/ObjectiveSelect";
import { SearchList, useSearches } from "../SearchList";
import { Advice } from "./Advice";
import { GridVsRandom } from "./GridVsRandom";
import { gridCells, gridText } from "./grid";
import { MethodPanel } from "./MethodPanel";
import { readMethod } from "./method";
import * as styles from "./SearchForm.module.css";
import { SpaceEditor } from "./space/SpaceEditor";
import { readSpace } from "./space/space";
import type { InitialSearch } from "./useInitialSearch";
import { initialSearchOf } from "./useInitialSearch";
import { fieldOf, usePreview } from "./usePreview";

export interface SearchFormProps {
  initial: InitialSearch;
  trainables: readonly Trainable[];
}

export function SearchForm({ initial, trainables }: SearchFormProps) {
  const [task, setTask] = useState(initial.task);
  const [rows, setRows] = useState(initial.rows);
  const [method, setMethod] = useState(initial.method);
  const [objective, setObjective] = useState(initial.objective);
  const [refused, setRefused] = useState<Record<string, string>>({});
  const [sending, setSending] = useState(false);
  const { searches, more } = useSearches();
  const declared = task.hyperparameters;
  const read = useMemo(() => readSpace(rows, declared, initial.own), [rows, declared, initial.own]);
  const isScript = task.script !== undefined;
  const parsedMethod = useMemo(() => readMethod(method, isScript), [method, isScript]);
  const wrong = { ...read.problems, ...parsedMethod.problems };
  const empty = gridText(read) === null;
  const complete = Object.keys(wrong).length === 0 && !empty;
  const request: SearchRequest = {
    ...(task.script === "" ? {} : startOf(task)),
    space: read.space,
    ...parsedMethod.request,
    ...objective,
  };
  if (method.strategy === "grid") request.points = read.points;
  if (initial.checkpoint !== null) request.from_checkpoint = initial.checkpoint;
  const { preview, refused: previewRefused } = usePreview(complete ? previewOf(request) : null);
  const problems = {
    ...(complete && previewRefused ? { [previewRefused.field]: previewRefused.message } : {}),
    ...refused,
    ...wrong,
  };
  const shownFields = new Set([
    ...Object.keys(read.problems),
    ...rows.flatMap((row) => [
      row.name,
      ...["low", "high", "values", "fixed", "points", "when"].map((field) => `${row.name}.${field}`),
    ]),
    ...Object.keys(method),
    "objective",
  ]);
  const otherProblems = Object.entries(problems).filter(([field]) => !shownFields.has(field));

  const chooseTask = (next: Trainable) => {
    const fresh = initialSearchOf(next);
    setTask(next);
    setRows(fresh.rows);
    setMethod({ ...method, steps: fresh.method.steps });
    setObjective(fresh.objective);
    setRefused({});
  };
  const submit = async () => {
    if (sending || !complete) return;
    setSending(true);
    setRefused({});
    try {
      const search = await startSearch(request);
      navigate(searchPath(search.id));
    } catch (error) {
      setSending(false);
      setRefused({ [error instanceof ApiError ? fieldOf(error) : ""]: (error as Error).message });
    }
  };
  return (
    <>
      <SpaceEditor
        declared={declared}
        rows={rows}
        read={read}
        problems={problems}
        preview={preview}
        grid={method.strategy === "grid"}
        words={initial.words}
        onRows={(next) => {
          setRows(next);
          setRefused({});
        }}
      >
        <TaskSelect
          task={task}
          trainables={trainables}
          locked={initial.checkpoint !== null}
          onTask={chooseTask}
        />
      </SpaceEditor>
      <MethodPanel
        method={method}
        problems={problems}
        preview={preview}
        cells={previewRefused || preview === null ? gridCells(read) : preview.grid_cells}
        sending={sending}
        failed={empty ? "Set at least one parameter to “searched”." : (otherProblems[0]?.[1] ?? null)}
        objective={
          <ObjectiveSelect
            task={task}
            value={objective}
            problem={problems["objective"]}
            onChange={setObjective}
          />
        }
        fromCheckpoint={initial.checkpoint !== null}
        ownSteps={isScript ? (task.default_steps ?? null) : null}
        onMethod={(next) => {
          setMethod(next);
          setRefused({});
        }}
        onStart={() => void submit()}
      />
      <div className={styles.caviarTeach}>
        <Advice preview={preview} />
        <GridVsRandom comparison={preview?.teaching ?? null} space={read.space} declared={declared} />
      </div>
      <SearchList searches={searches ?? []} more={more} />
    </>
  );
}

/** What the server needs to look ahead; names and rules of rounds change nothing in it. */
function previewOf({
  task,
  script,
  space,
  strategy,
  trials,
  points,
  parallel,
  steps,
  seed,
  from_checkpoint,
}: SearchRequest): SearchRequest {
  return { task, script, space, strategy, trials, points, parallel, steps, seed, from_checkpoint };
}

interface TaskSelectProps {
  task: Trainable;
  trainables: readonly Trainable[];
  locked: boolean;
  onTask: (task: Trainable) => void;
}

function TaskSelect({ task, trainables, locked, onTask }: TaskSelectProps) {
  const usable = trainables.filter((item) => !item.error && item.hyperparameters.length > 0);
  const options = (items: readonly Trainable[]) =>
    items.map((item) => (
      <option key={keyOf(item)} value={keyOf(item)}>
        {item.title || item.name}
      </option>
    ));
  const scripts = usable.filter((item) => item.script !== undefined);
  const tasks = options(usable.filter((item) => item.script === undefined));
  const own = task.script === "" ? [task, ...scripts] : scripts;
  return (
    <label className="row small-text muted">
      Task
      <select
        className="select"
        aria-label="Task"
        value={keyOf(task)}
        disabled={locked}
        onChange={(event) => {
          const next = usable.find((item) => keyOf(item) === event.target.value);
          if (next) onTask(next);
        }}
      >
        {own.length === 0 ? (
          tasks
        ) : (
          <>
            <optgroup label="Tasks">{tasks}</optgroup>
            <optgroup label="Your scripts">{options(own)}</optgroup>
          </>
        )}
      </select>
    </label>
  );
}

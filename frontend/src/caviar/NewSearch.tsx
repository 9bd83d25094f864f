/** Lays out a search: its space, its method, what it will cost; and the ones there were. */
import { useMemo, useState } from "react";
import { Refused, startSearch } from "../api/searches";
import type { NewSearch as Asked } from "../api/searches";
import type { Task } from "../api/types";
import { go, searchAddress } from "../state/address";
import { usePage } from "../state/store";
import { Advice } from "./Advice";
import { MethodPanel } from "./MethodPanel";
import { SearchList, useSearches } from "./SearchList";
import { SpaceEditor } from "./SpaceEditor";
import { TeachingPicture } from "./TeachingPicture";
import { readMethod } from "./method";
import { gridCells, gridText, readSpace } from "./space";
import type { Start } from "./useStart";
import { startOf } from "./useStart";
import { fieldOf, usePreview } from "./usePreview";

export function NewSearch({ start }: { start: Start }) {
  const [task, setTask] = useState(start.task);
  const [rows, setRows] = useState(start.rows);
  const [method, setMethod] = useState(start.method);
  const [refused, setRefused] = useState<Record<string, string>>({});
  const [sending, setSending] = useState(false);
  const { searches, more } = useSearches();
  const declared = task.hyperparameters;
  const read = useMemo(() => readSpace(rows, declared, start.own), [rows, declared, start.own]);
  const ask = useMemo(() => readMethod(method), [method]);
  const wrong = { ...read.problems, ...ask.problems };
  const empty = gridText(read) === null;
  const whole = Object.keys(wrong).length === 0 && !empty;
  const asked: Asked = { task: task.name, space: read.space, ...ask.asked };
  if (method.strategy === "grid") asked.points = read.points;
  if (start.checkpoint !== null) asked.from_checkpoint = start.checkpoint;
  const { preview, refused: previewRefused } = usePreview(whole ? previewOf(asked) : null);
  const problems = { ...(whole && previewRefused ? { [previewRefused.field]: previewRefused.message } : {}), ...refused, ...wrong };
  const known = new Set([...Object.keys(read.problems), ...rows.flatMap((row) => [row.name, ...["low", "high", "values", "fixed", "points", "when"].map((field) => `${row.name}.${field}`)]), ...Object.keys(method)]);
  const elsewhere = Object.entries(problems).filter(([field]) => !known.has(field));

  const choose = (next: Task) => {
    const fresh = startOf(next);
    setTask(next);
    setRows(fresh.rows);
    setMethod({ ...method, steps: fresh.method.steps });
    setRefused({});
  };
  const begin = async () => {
    if (sending || !whole) return;
    setSending(true);
    setRefused({});
    try {
      const search = await startSearch(asked);
      go(searchAddress(search.id));
    } catch (error) {
      setSending(false);
      setRefused({ [error instanceof Refused ? fieldOf(error) : ""]: (error as Error).message });
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
        words={start.words}
        onRows={(next) => {
          setRows(next);
          setRefused({});
        }}
      >
        <TaskSelect task={task} locked={start.checkpoint !== null} onTask={choose} />
      </SpaceEditor>
      <MethodPanel
        method={method}
        problems={problems}
        preview={preview}
        cells={previewRefused || preview === null ? gridCells(read) : preview.grid_cells}
        sending={sending}
        failed={empty ? "Nothing is searched yet." : (elsewhere[0]?.[1] ?? null)}
        litter={start.checkpoint !== null}
        onMethod={(next) => {
          setMethod(next);
          setRefused({});
        }}
        onStart={() => void begin()}
      />
      <div className="caviar-teach">
        <Advice preview={preview} />
        <TeachingPicture teaching={preview?.teaching ?? null} space={read.space} declared={declared} />
      </div>
      <SearchList searches={searches ?? []} more={more} />
    </>
  );
}

/** What the server needs to look ahead; names and rules of rounds change nothing in it. */
function previewOf({ task, space, strategy, trials, points, parallel, steps, seed, from_checkpoint }: Asked): Asked {
  return { task, space, strategy, trials, points, parallel, steps, seed, from_checkpoint };
}

function TaskSelect({ task, locked, onTask }: { task: Task; locked: boolean; onTask: (task: Task) => void }) {
  const tasks = usePage((page) => page.tasks);
  return (
    <label className="row small-text muted">
      Task
      <select
        className="select"
        aria-label="Task"
        value={task.name}
        disabled={locked}
        onChange={(event) => {
          const next = tasks.find((one) => one.name === event.target.value);
          if (next) onTask(next);
        }}
      >
        {tasks.filter((one) => !one.error && one.hyperparameters.length > 0).map((one) => (
          <option key={one.name} value={one.name}>
            {one.title || one.name}
          </option>
        ))}
      </select>
    </label>
  );
}

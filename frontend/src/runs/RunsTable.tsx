/** The runs as a table: what each was, how far it came, and what can be done with it. */
import { useState } from "react";
import { VAL_COST } from "../api/objective";
import type { Run } from "../api/types";
import { ago, measured, setting, whole } from "../format/numbers";
import { objectiveText } from "../format/objective";
import { useIsViewer } from "../state/permissions";
import { runPath } from "../state/route";
import { Icon } from "../ui/Icon";
import { Link } from "../ui/Link";
import { StatusText } from "../ui/StatusText";
import type { Column, ListView } from "./listView";
import { rateOfRun } from "./listView";
import * as styles from "./RunsTable.module.css";

export interface RunsTableProps {
  runs: Run[];
  view: ListView;
  /** Ids of the runs that are ticked. */
  chosen: number[];
  onChoose: (ids: number[]) => void;
  onSort: (column: Column) => void;
  onRename: (run: Run, name: string) => void;
  onTrash: (run: Run) => void;
  onRestore: (run: Run) => void;
}

const HEADS: { column: Column; word: string; number?: boolean }[] = [
  { column: "name", word: "Name" },
  { column: "status", word: "Status" },
  { column: "task", word: "Task" },
  { column: "step", word: "Step", number: true },
  { column: "best", word: "Best val", number: true },
  { column: "rate", word: "Learning rate", number: true },
  { column: "created", word: "Created" },
];

export function RunsTable(props: RunsTableProps) {
  const { runs, view, chosen } = props;
  const now = Date.now();
  const all = runs.length > 0 && chosen.length === runs.length;
  return (
    <div className="table-place runs-place">
      <table className={`table runs-table ${styles.runs}`}>
        <caption className="unseen">
          {view.sort === "created" && view.descending ? "Runs, newest first" : "Runs"}
        </caption>
        <thead>
          <tr>
            <th scope="col" className={styles.choice}>
              <input
                type="checkbox"
                aria-label="Choose all runs"
                checked={all}
                onChange={() => props.onChoose(all ? [] : runs.map((run) => run.id))}
              />
            </th>
            {HEADS.map((head) => (
              <SortHead key={head.column} {...head} view={view} onSort={props.onSort} />
            ))}
            <th scope="col">From</th>
            <th scope="col">
              <span className="unseen">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <Row key={run.id} run={run} now={now} {...props} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

type SortHeadProps = (typeof HEADS)[number] & Pick<RunsTableProps, "view" | "onSort">;

function SortHead({ column, word, number, view, onSort }: SortHeadProps) {
  const by = view.sort === column;
  const mark = by ? <span aria-hidden="true">{view.descending ? "▼" : "▲"}</span> : null;
  return (
    <th
      scope="col"
      className={number ? "right" : undefined}
      aria-sort={by ? (view.descending ? "descending" : "ascending") : "none"}
    >
      <button type="button" className={styles.sort} onClick={() => onSort(column)}>
        {number ? <span className={styles.mark}>{mark}</span> : null}
        {word}
        {number ? null : <span className={styles.mark}>{mark}</span>}
      </button>
    </th>
  );
}

type RowProps = RunsTableProps & { run: Run };

function Row({ now, ...props }: RowProps & { now: number }) {
  const { run, chosen, onChoose } = props;
  const [editing, setEditing] = useState(false);
  const rate = rateOfRun(run);
  const isChosen = chosen.includes(run.id);
  return (
    <tr className={isChosen ? styles.chosen : undefined}>
      <td className={styles.choice} data-cell="choice">
        <input
          type="checkbox"
          aria-label={`Choose ${run.name}`}
          checked={isChosen}
          onChange={() => onChoose(isChosen ? chosen.filter((id) => id !== run.id) : [...chosen, run.id])}
        />
      </td>
      <th scope="row">
        {editing ? <NameField {...props} onDone={() => setEditing(false)} /> : <Name run={run} />}
      </th>
      <td data-cell="status">
        <StatusText status={run.status}>{run.status}</StatusText>
      </td>
      <td data-cell="task">{run.task}</td>
      <td className="right numbers" data-cell="step">
        {whole(run.step)} {/* A script may not have said how long it trains. */}
        {run.step > run.steps ? null : <span className="muted">/ {whole(run.steps)}</span>}
      </td>
      <td className="right numbers" data-cell="best" data-word={run.objective === VAL_COST ? "val" : ""}>
        {run.objective === VAL_COST ? null : <span className="muted">{objectiveText(run)} </span>}
        {run.best ? measured(run.best.value) : "–"}
      </td>
      <td className="right numbers" data-cell="rate" data-word="lr">
        {rate === null ? "–" : setting(rate)}
      </td>
      <td data-cell="created">
        <time dateTime={run.created_at} title={new Date(run.created_at).toLocaleString("en-GB")}>
          {ago(run.created_at, now)}
        </time>
      </td>
      <td className="numbers" data-cell="from">
        {run.parent ? (
          <Link to={runPath(run.parent.run_id)}>
            #{run.parent.run_id} @{whole(run.parent.step)}
          </Link>
        ) : (
          "–"
        )}
      </td>
      <td className="row-actions" data-cell="actions">
        <Actions {...props} onEdit={() => setEditing(true)} />
      </td>
    </tr>
  );
}

function Name({ run }: { run: Run }) {
  return (
    <span className="run-name">
      <span className={styles.name} title={run.name}>
        <Link to={runPath(run.id)}>{run.name}</Link>
        <span className="muted numbers"> #{run.id}</span>
        {run.live && run.parent ? <span className="badge">live branch</span> : null}
      </span>
      {run.note ? <span className="muted run-note">{run.note}</span> : null}
    </span>
  );
}

function NameField({ run, onRename, onDone }: RowProps & { onDone: () => void }) {
  const [name, setName] = useState(run.name);
  const done = () => {
    if (name.trim() && name !== run.name) onRename(run, name.trim());
    onDone();
  };
  return (
    <input
      className="field"
      aria-label={`Name of run ${run.id}`}
      autoFocus
      maxLength={80}
      value={name}
      onChange={(event) => setName(event.target.value)}
      onBlur={done}
      onKeyDown={(event) => {
        if (event.key === "Enter") done();
        if (event.key === "Escape") onDone();
      }}
    />
  );
}

function Actions({ run, view, onTrash, onRestore, onEdit }: RowProps & { onEdit: () => void }) {
  const isViewer = useIsViewer();
  if (isViewer) return null;
  if (view.trashed) {
    return (
      <button
        type="button"
        className="button small"
        aria-label={`Restore ${run.name}`}
        onClick={() => onRestore(run)}
      >
        <Icon name="undo" /> Restore
      </button>
    );
  }
  return (
    <>
      <button
        type="button"
        className="button quiet square"
        aria-label={`Rename ${run.name}`}
        title="Rename"
        onClick={onEdit}
      >
        <Icon name="edit" />
      </button>
      <button
        type="button"
        className="button quiet square"
        aria-label={`Move ${run.name} to the trash`}
        title="Move to the trash"
        onClick={() => onTrash(run)}
      >
        <Icon name="trash" />
      </button>
    </>
  );
}

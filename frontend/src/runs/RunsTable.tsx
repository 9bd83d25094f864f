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

export interface RunsTableProps {
  runs: Run[];
  trashed: boolean;
  onRename: (run: Run, name: string) => void;
  onTrash: (run: Run) => void;
  onRestore: (run: Run) => void;
}

export function RunsTable(props: RunsTableProps) {
  const now = Date.now();
  return (
    <div className="table-place runs-place">
      <table className="table runs-table">
        <caption className="unseen">Runs, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Status</th>
            <th scope="col">Task</th>
            <th scope="col" className="right">
              Step
            </th>
            <th scope="col" className="right">
              Best val
            </th>
            <th scope="col" className="right">
              Learning rate
            </th>
            <th scope="col">Created</th>
            <th scope="col">From</th>
            <th scope="col">
              <span className="unseen">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {props.runs.map((run) => (
            <Row key={run.id} run={run} now={now} {...props} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({
  run,
  now,
  trashed,
  onRename,
  onTrash,
  onRestore,
}: RunsTableProps & { run: Run; now: number }) {
  const [name, setName] = useState<string | null>(null);
  const isViewer = useIsViewer();
  const done = () => {
    if (name?.trim() && name !== run.name) onRename(run, name.trim());
    setName(null);
  };
  const rate = run.effective?.learning_rate ?? run.values["learning_rate"];
  return (
    <tr>
      <th scope="row">
        {name === null ? (
          <span className="run-name">
            <Link to={runPath(run.id)}>{run.name}</Link>
            <span className="muted numbers"> #{run.id}</span>
            {run.live && run.parent ? <span className="badge">live branch</span> : null}
            {run.note ? <span className="muted run-note">{run.note}</span> : null}
          </span>
        ) : (
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
              if (event.key === "Escape") setName(null);
            }}
          />
        )}
      </th>
      <td>
        <StatusText status={run.status}>{run.status}</StatusText>
      </td>
      <td>{run.task}</td>
      <td className="right numbers">
        {whole(run.step)} {/* A script may not have said how long it trains. */}
        {run.step > run.steps ? null : <span className="muted">/ {whole(run.steps)}</span>}
      </td>
      <td className="right numbers">
        {run.objective === VAL_COST ? null : <span className="muted">{objectiveText(run)} </span>}
        {run.best ? measured(run.best.value) : "–"}
      </td>
      <td className="right numbers">{typeof rate === "number" ? setting(rate) : "–"}</td>
      <td>
        <time dateTime={run.created_at} title={new Date(run.created_at).toLocaleString("en-GB")}>
          {ago(run.created_at, now)}
        </time>
      </td>
      <td className="numbers">
        {run.parent ? (
          <Link to={runPath(run.parent.run_id)}>
            #{run.parent.run_id} @{whole(run.parent.step)}
          </Link>
        ) : (
          "–"
        )}
      </td>
      <td className="row-actions">
        {isViewer ? null : trashed ? (
          <button
            type="button"
            className="button"
            aria-label={`Restore ${run.name}`}
            onClick={() => onRestore(run)}
          >
            <Icon name="undo" /> Restore
          </button>
        ) : (
          <>
            <button
              type="button"
              className="button quiet square"
              aria-label={`Rename ${run.name}`}
              title="Rename"
              onClick={() => setName(run.name)}
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
        )}
      </td>
    </tr>
  );
}

/** Every trial as a row: the accessible twin of the charts, sortable by any column. */
import { memo, useMemo, useState } from "react";
import type { Search, Trial } from "../../../api/searches";
import { valueText } from "../../../format/hyperparameters";
import { measured, whole } from "../../../format/numbers";
import { seriesWord } from "../../../format/objective";
import { openDialog } from "../../../state/dialogs";
import { runPath } from "../../../state/route";
import { Icon } from "../../../ui/Icon";
import { Link } from "../../../ui/Link";
import { StatusText } from "../../../ui/StatusText";
import type { Axis } from "../../axes";
import { VALUE_AXIS } from "../../axes";
import { upperFirst } from "../../labels";
import { OUTCOMES, ranked } from "../../trials";
import { setHovered, togglePinned, useIsHighlighted } from "../charts/highlight";
import type { SortOrder } from "./sortTrials";
import { firstOrder, sortTrials, toggleOrder } from "./sortTrials";
import * as styles from "./TrialsTable.module.css";

export interface TrialsTableProps {
  search: Search;
  axes: Axis[];
  seen: ReadonlySet<number>;
  isViewer: boolean;
}

interface Column {
  name: string;
  word: string;
  number: boolean;
}

export function TrialsTable({ search, axes, seen, isViewer }: TrialsTableProps) {
  const [order, setOrder] = useState<SortOrder>(firstOrder(search.mode));
  const rounds = search.rounds.length > 1;
  const columns: Column[] = [
    { name: "number", word: "Trial", number: true },
    ...(rounds ? [{ name: "round", word: "Round", number: true }] : []),
    { name: "outcome", word: "Status", number: false },
    { name: VALUE_AXIS, word: upperFirst(seriesWord(search.objective)), number: true },
    { name: "step", word: "Step", number: true },
    ...axes.map((axis) => ({ name: axis.name, word: axis.label, number: isNumeric(axis) })),
  ];
  const rows = useMemo(() => sortTrials(search.trials, order), [search.trials, order]);
  const best = useMemo(
    () =>
      ranked(search.trials)
        .slice(0, 3)
        .map((trial) => trial.number),
    [search.trials],
  );
  return (
    <section className="panel" aria-labelledby="caviar-trials">
      <div className="panel-head">
        <h2 id="caviar-trials">Trials</h2>
        <p className="muted headline">
          hollow: stopped early, failed or changed by hand; left out of importance and slices
        </p>
      </div>
      <div
        className={`table-place ${styles.trialsPlace}`}
        tabIndex={0}
        role="group"
        aria-label="Trials, scrollable"
      >
        <table className={`table ${styles.trialsTable}`} aria-label="Trials">
          <thead>
            <tr>
              {columns.map((column) => (
                <Head
                  key={column.name}
                  column={column}
                  order={order}
                  onOrder={(name) => setOrder(toggleOrder(order, name, search.mode))}
                />
              ))}
              <th scope="col">
                <span className="unseen">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((trial) => (
              <Row
                key={trial.number}
                trial={trial}
                axes={axes}
                rounds={rounds}
                rank={best.indexOf(trial.number)}
                dim={!seen.has(trial.number)}
                isViewer={isViewer}
                searchId={search.id}
              />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

const isNumeric = (axis: Axis): boolean => axis.scale !== "choice" || typeof axis.choices[0] === "number";

function Head({
  column,
  order,
  onOrder,
}: {
  column: Column;
  order: SortOrder;
  onOrder: (name: string) => void;
}) {
  const by = order.column === column.name;
  return (
    <th
      scope="col"
      className={column.number ? "right" : undefined}
      aria-sort={by ? (order.descending ? "descending" : "ascending") : "none"}
    >
      <button type="button" className={styles.sort} onClick={() => onOrder(column.name)}>
        {column.word}
        {by ? (
          <span className={styles.sortMark} aria-hidden="true">
            {order.descending ? "▼" : "▲"}
          </span>
        ) : null}
      </button>
    </th>
  );
}

interface RowProps {
  trial: Trial;
  axes: Axis[];
  rounds: boolean;
  /** Among the best three: 0, 1, 2; else -1. */
  rank: number;
  dim: boolean;
  isViewer: boolean;
  searchId: number;
}

/** A poll brings new objects for what did not change: compared by what is shown. */
const Row = memo(
  RowContent,
  (a, b) =>
    a.rank === b.rank &&
    a.dim === b.dim &&
    a.rounds === b.rounds &&
    a.isViewer === b.isViewer &&
    a.axes.length === b.axes.length &&
    a.trial.run_id === b.trial.run_id &&
    a.trial.outcome === b.trial.outcome &&
    a.trial.value === b.trial.value &&
    a.trial.step === b.trial.step &&
    a.trial.steps === b.trial.steps &&
    a.trial.fits === b.trial.fits,
);

function RowContent({ trial, axes, rounds, rank, dim, isViewer, searchId }: RowProps) {
  const highlighted = useIsHighlighted(trial.number);
  return (
    <tr
      data-best={rank >= 0 ? rank + 1 : undefined}
      data-highlighted={highlighted || undefined}
      data-dim={dim || undefined}
      onPointerEnter={() => setHovered(trial.number)}
      onPointerLeave={() => setHovered(null)}
      onFocus={() => setHovered(trial.number)}
      onBlur={() => setHovered(null)}
      onClick={(event) => {
        if (!(event.target as HTMLElement).closest("a, button")) togglePinned(trial.number);
      }}
    >
      <th scope="row" className="right numbers">
        {trial.run_id === null ? (
          trial.number
        ) : (
          <Link to={runPath(trial.run_id)} aria-label={`Trial ${trial.number}`}>
            {trial.number}
          </Link>
        )}
      </th>
      {rounds ? <td className="right numbers">{trial.round}</td> : null}
      <td>
        <StatusText status={trial.outcome}>{OUTCOMES[trial.outcome]}</StatusText>
        {trial.repeat_of !== null ? <span className="muted small-text"> again</span> : null}
      </td>
      <td className={`right numbers${trial.fits ? "" : " muted"}`}>
        {rank >= 0 ? <span className={styles.place}>{["★", "2nd", "3rd"][rank]}</span> : null}{" "}
        {measured(trial.value)}
      </td>
      <td className="right numbers">
        {whole(trial.step)} <span className="muted">/ {whole(trial.steps)}</span>
      </td>
      {axes.map((axis) => (
        <td key={axis.name} className={isNumeric(axis) ? "right numbers" : undefined}>
          {valueText(axis.name, trial.values[axis.name])}
        </td>
      ))}
      <td className="row-actions">
        {isViewer || trial.run_id === null || trial.step === 0 ? null : (
          <button
            type="button"
            className="button quiet small"
            aria-label={`Promote trial ${trial.number}`}
            onClick={() =>
              openDialog({
                kind: "promote",
                runId: trial.run_id as number,
                trial: trial.number,
                searchId,
                steps: trial.steps,
              })
            }
          >
            <Icon name="out" /> Promote
          </button>
        )}
      </td>
    </tr>
  );
}

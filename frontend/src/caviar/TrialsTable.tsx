/** Every trial as a row: the accessible twin of the charts, sortable by any column. */
import { memo, useMemo, useState } from "react";
import type { Search, Trial } from "../api/searches";
import { valueText } from "../charts/markers";
import { Icon } from "../components/Icon";
import { Link } from "../components/Link";
import { openDialog } from "../state/dialogs";
import { runAddress } from "../state/address";
import { measured, whole } from "../text/numbers";
import type { Axis } from "./axes";
import { light, pin, useIsLit } from "./lit";
import type { Order } from "./order";
import { FIRST, sorted, turned } from "./order";
import { OUTCOMES, isOutside, ranked } from "./trials";

export interface TrialsTableProps {
  search: Search;
  axes: Axis[];
  seen: ReadonlySet<number>;
  watching: boolean;
}

interface Column {
  name: string;
  word: string;
  number: boolean;
}

export function TrialsTable({ search, axes, seen, watching }: TrialsTableProps) {
  const [order, setOrder] = useState<Order>(FIRST);
  const rounds = search.rounds.length > 1;
  const columns: Column[] = [
    { name: "number", word: "Trial", number: true },
    ...(rounds ? [{ name: "round", word: "Round", number: true }] : []),
    { name: "outcome", word: "Status", number: false },
    { name: "val_cost", word: "Val cost", number: true },
    { name: "step", word: "Step", number: true },
    ...axes.map((axis) => ({ name: axis.name, word: axis.label, number: isNumeric(axis) })),
  ];
  const rows = useMemo(() => sorted(search.trials, order), [search.trials, order]);
  const best = useMemo(() => ranked(search.trials).slice(0, 3).map((trial) => trial.number), [search.trials]);
  return (
    <section className="panel caviar-table" aria-labelledby="caviar-trials">
      <div className="panel-head">
        <h2 id="caviar-trials">Trials</h2>
        <p className="muted headline">hollow ones are outside the fits: they count, and are never averaged in</p>
      </div>
      <div className="table-place trials-place" tabIndex={0} role="group" aria-label="Trials, scrollable">
        <table className="table trials-table" aria-label="Trials">
          <thead>
            <tr>
              {columns.map((column) => (
                <Head key={column.name} column={column} order={order} onOrder={(name) => setOrder(turned(order, name))} />
              ))}
              <th scope="col">
                <span className="unseen">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((trial) => (
              <Row key={trial.number} trial={trial} axes={axes} rounds={rounds} place={best.indexOf(trial.number)} dim={!seen.has(trial.number)} watching={watching} searchId={search.id} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

const isNumeric = (axis: Axis): boolean => axis.scale !== "choice" || typeof axis.choices[0] === "number";

function Head({ column, order, onOrder }: { column: Column; order: Order; onOrder: (name: string) => void }) {
  const by = order.column === column.name;
  return (
    <th scope="col" className={column.number ? "right" : undefined} aria-sort={by ? (order.down ? "descending" : "ascending") : "none"}>
      <button type="button" className="sort" onClick={() => onOrder(column.name)}>
        {column.word}
        {by ? (
          <span className="sort-mark" aria-hidden="true">
            {order.down ? "▼" : "▲"}
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
  place: number;
  dim: boolean;
  watching: boolean;
  searchId: number;
}

/** A poll brings new objects for what did not change: compared by what is shown. */
const Row = memo(RowOnce, (a, b) =>
  a.place === b.place && a.dim === b.dim && a.rounds === b.rounds && a.watching === b.watching && a.axes.length === b.axes.length &&
  a.trial.run_id === b.trial.run_id && a.trial.outcome === b.trial.outcome && a.trial.val_cost === b.trial.val_cost &&
  a.trial.step === b.trial.step && a.trial.steps === b.trial.steps && a.trial.fits === b.trial.fits,
);

function RowOnce({ trial, axes, rounds, place, dim, watching, searchId }: RowProps) {
  const lit = useIsLit(trial.number);
  const classes = [lit ? "lit" : "", dim ? "dim" : "", place >= 0 ? `best-${place + 1}` : ""].filter(Boolean).join(" ");
  return (
    <tr
      className={classes || undefined}
      onPointerEnter={() => light(trial.number)}
      onPointerLeave={() => light(null)}
      onFocus={() => light(trial.number)}
      onBlur={() => light(null)}
      onClick={(event) => {
        if (!(event.target as HTMLElement).closest("a, button")) pin(trial.number);
      }}
    >
      <th scope="row" className="right numbers">
        {trial.run_id === null ? trial.number : <Link to={runAddress(trial.run_id)} aria-label={`Trial ${trial.number}`}>{trial.number}</Link>}
      </th>
      {rounds ? <td className="right numbers">{trial.round}</td> : null}
      <td>
        <span className={`small-status outcome-${trial.outcome}${isOutside(trial) ? " outside" : ""}`}>{OUTCOMES[trial.outcome]}</span>
        {trial.repeat_of !== null ? <span className="muted small-text"> again</span> : null}
      </td>
      <td className={`right numbers${trial.fits ? "" : " muted"}`}>
        {place >= 0 ? <span className="place">{["★", "2nd", "3rd"][place]}</span> : null} {measured(trial.val_cost)}
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
        {watching || trial.run_id === null || trial.step === 0 ? null : (
          <button
            type="button"
            className="button quiet small"
            aria-label={`Promote trial ${trial.number}`}
            onClick={() => openDialog({ kind: "promote", runId: trial.run_id as number, trial: trial.number, searchId, steps: trial.steps })}
          >
            <Icon name="out" /> Promote
          </button>
        )}
      </td>
    </tr>
  );
}

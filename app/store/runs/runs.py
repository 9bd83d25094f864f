"""Creates, finds, lists, describes, trashes and restores runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from babysit.protocol.events import Described, NoteAdded, Restored, StatusChanged, Trashed
from babysit.protocol.spec.run_spec import RunSpec
from babysit.protocol.status import RunStatus
from babysit.protocol.values import RequestedValues, Values

from ...errors import Invalid, NotFound
from ...limits import INT_MAX
from ..curves.best import set_objective
from ..journals.spec_file import RUN_FILE, highest_id
from ..run_json import best_json, parent_json, run_list
from ..store import Transaction
from ..tables.runs import EventRow, RunRow
from ..tables.searches import TrialRow
from .declared import checked_controls, shown_script
from .exactness import read_exactness
from .projection import emit, emit_all

# Built once: building this frequent query takes longer than running it.
WITH_WORKER = select(RunRow.id, RunRow.status, RunRow.attempt).where(
    RunRow.status.not_in([RunStatus.QUEUED, *(status for status in RunStatus if status.is_over)])
)

# The fields of `run.json` that a row repeats as they are.
SPEC_COLUMNS = tuple(
    item.name
    for item in fields(RunSpec)
    if item.name in RunRow.__table__.columns and item.name != "values"
)


def find_run(session: Session, run_id: int) -> RunRow:
    """A run by its id.

    Raises:
        NotFound: there is no run with this id.
    """
    row = session.get(RunRow, run_id) if 0 < run_id <= INT_MAX else None
    if row is None:
        raise NotFound("Run not found.")
    return row


def next_run_id(tx: Transaction) -> int:
    """Above every id in SQL, of a directory or of a sampled trial: no id is used twice.

    A script that was started by hand makes the directory of its run itself.
    """
    if not tx.newest_run_id or (tx.journals.parent / str(tx.newest_run_id + 1)).exists():
        highest = tx.session.scalar(select(func.max(RunRow.id))) or 0
        drawn = tx.session.scalar(select(func.max(TrialRow.run_id))) or 0
        known = (highest_id(tx.journals.parent), tx.searches.newest_run_id)
        tx.newest_run_id = max(highest, drawn, *known)
    tx.newest_run_id += 1
    return tx.newest_run_id


def make_run(tx: Transaction, spec: RunSpec, values: RequestedValues) -> RunRow:
    """Write `run.json`, then the row, then the first event: the run is queued.

    values: all base values; `spec.values` are only what differs from the checkpoint in a fork.
    """
    row = add_run(tx, spec, values)
    queue_runs(tx, [row])
    return row


def add_run(tx: Transaction, spec: RunSpec, values: RequestedValues) -> RunRow:
    """The first half of `make_run`; `queue_runs` must follow in the same transaction."""
    if spec.parent is not None:
        spec = replace(spec, first_values=_plain(values))
    RUN_FILE.write(tx.journals.parent, spec)
    tx.made.append(tx.journals.directory(spec.id))
    row = run_row(spec)
    tx.session.add(row)
    return row


def _plain(values: RequestedValues) -> Values:
    """The values that are not relative to what a script says."""
    return {name: value for name, value in values.items() if not isinstance(value, dict)}


def queue_runs(tx: Transaction, rows: Sequence[RunRow]) -> None:
    """Emit the first event of new runs, in one batch."""
    tx.session.flush()
    queued = [(row, StatusChanged(step=row.step, status=RunStatus.QUEUED)) for row in rows]
    emit_all(tx, queued)


def run_row(spec: RunSpec) -> RunRow:
    """The row of a run, from its `run.json` alone."""
    parent, search = spec.parent or {}, spec.search or {}
    values = _plain(spec.values) if spec.first_values is None else spec.first_values
    given = {name: value for name in SPEC_COLUMNS if (value := getattr(spec, name)) is not None}
    row = RunRow(
        **given,
        values=dict(values),
        initial_values=dict(values),
        step=parent.get("step", 0),
        parent_run_id=parent.get("run_id"),
        parent_step=parent.get("step"),
        parent_checkpoint_id=parent.get("checkpoint_id"),
        live=spec.parent is None,
        search_id=search.get("id"),
        trial=search.get("number"),
        round=search.get("round"),
    )
    set_objective(row, spec.ranking)
    return row


def read_run(session: Session, run_id: int) -> dict[str, Any]:
    """One run, with what a list of runs leaves out."""
    row = find_run(session, run_id)
    run = run_list(session, [row])[0]
    declared = row.declared or {}
    return {
        **run,
        "exactness": read_exactness(session, run_id, is_script=row.script is not None),
        "script": shown_script(row.script),
        "parts": declared.get("parts", []),
        "declared": row.declared,
    }


def list_runs(
    session: Session,
    *,
    statuses: Sequence[RunStatus] = (),
    task: str | None = None,
    family_id: int | None = None,
    trashed: bool = False,
    search: str | None = None,
    search_id: int | None = None,
    trials: bool = False,
    before: int | None = None,
    limit: int,
) -> dict[str, Any]:
    """Runs, newest first, and the id to go on from, if there are more.

    search: a text in name or note. search_id: the trials of one search. trials: with all trials;
    without either there are none among the runs.
    """
    query = select(RunRow).where(
        RunRow.trashed_at.is_not(None) if trashed else RunRow.trashed_at.is_(None)
    )
    if statuses:
        query = query.where(RunRow.status.in_(statuses))
    if task is not None:
        query = query.where(RunRow.task == task)
    if family_id is not None:
        query = query.where(RunRow.family_id == family_id)
    if search:
        text = "%" + "".join(f"!{sign}" if sign in "!%_" else sign for sign in search) + "%"
        query = query.where(
            RunRow.name.ilike(text, escape="!") | RunRow.note.ilike(text, escape="!")
        )
    if search_id is not None:
        query = query.where(RunRow.search_id == search_id)
    elif not trials:
        query = query.where(RunRow.search_id.is_(None))
    if before is not None:
        query = query.where(RunRow.id < before)
    rows = list(session.scalars(query.order_by(RunRow.id.desc()).limit(limit + 1)))
    more = len(rows) > limit
    rows = rows[:limit]
    return {"runs": run_list(session, rows), "next": rows[-1].id if more else None}


def has_runs(session: Session) -> bool:
    return session.scalar(select(RunRow.id).limit(1)) is not None


def active_runs(session: Session) -> list[RunRow]:
    """Runs that have a worker, or are about to have one."""
    over = [status for status in RunStatus if status.is_over]
    return list(
        session.scalars(select(RunRow).where(RunRow.status.not_in(over)).order_by(RunRow.id))
    )


def runs_with_workers(session: Session) -> list[tuple[int, RunStatus, int]]:
    """Id, status and attempt of those that are given to a worker, not waiting for one."""
    return [(run_id, status, attempt) for run_id, status, attempt in session.execute(WITH_WORKER)]


def check_name(name: str | None) -> None:
    """Raises: Invalid: the name is blank."""
    if name is not None and not name.strip():
        raise Invalid("A name needs at least one character.", field="name")


def describe_run(
    tx: Transaction,
    run: RunRow,
    *,
    name: str | None = None,
    note: str | None = None,
    live: bool | None = None,
    guard: bool | None = None,
    max_steps_per_s: float | None = None,
    controls: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Rename a run, change its note or how it is watched, or make it its family's live branch.

    max_steps_per_s: 0: as fast as it can.
    controls: as of `Described`.
    """
    check_name(name)
    if live is False:
        raise Invalid("Make another branch of the family live instead.", field="live")
    event = Described(
        step=run.step,
        name=name if name != run.name else None,
        note=note if note != run.note else None,
        live=live if live != run.live else None,
        guard=guard if guard != run.guard else None,
        max_steps_per_s=None if max_steps_per_s == (run.max_steps_per_s or 0) else max_steps_per_s,
        controls=checked_controls(run, controls),
    )
    if event != Described(step=event.step, at=event.at):
        emit(tx, run, event)


def correct_note(tx: Transaction, run: RunRow, event_id: int, text: str) -> EventRow:
    """Replace the text of a note.

    event_id: of the note, or of an earlier correction of it.

    Raises:
        NotFound: the run has no note with this id.
    """
    note = tx.session.get(EventRow, event_id) if event_id <= INT_MAX else None
    if note is None or note.run_id != run.id or note.kind != NoteAdded.kind:
        raise NotFound("Note not found.")
    body = note.body
    corrected = NoteAdded(
        step=note.step,
        text=text,
        command_id=body.get("command_id"),
        replaces=body.get("replaces") or note.seq,
    )
    return emit(tx, run, corrected)


def trash_run(tx: Transaction, run: RunRow) -> None:
    if run.trashed_at is None:
        emit(tx, run, Trashed(step=run.step))


def restore_run(tx: Transaction, run: RunRow) -> None:
    if run.trashed_at is not None:
        emit(tx, run, Restored(step=run.step))


def family(session: Session, run: RunRow) -> dict[str, Any]:
    """All branches that come from one root, oldest first; trials only around a trial."""
    query = select(RunRow).where(RunRow.family_id == run.family_id).order_by(RunRow.id)
    if run.search_id is None:
        query = query.where(RunRow.search_id.is_(None) | (RunRow.id == RunRow.family_id))
    rows = list(session.scalars(query))
    live = [row.id for row in rows if row.live]
    return {
        "family_id": run.family_id,
        "live_run_id": live[-1] if live else rows[0].id,
        "runs": [
            {
                "id": row.id,
                "name": row.name,
                "status": row.status.value,
                "step": row.step,
                "steps": row.steps,
                "parent": parent_json(row),
                "live": row.live,
                "best": best_json(row),
                "created_at": row.created_at,
                "trashed_at": row.trashed_at,
            }
            for row in rows
        ],
    }

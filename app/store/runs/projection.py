"""Projects the events of workers and of the server into SQL."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any, TypeAlias

from sqlalchemy import bindparam, select

from babysit.protocol.events import (
    EVENTS,
    Applied,
    Changed,
    ChangeScheduled,
    CheckpointPinned,
    CheckpointRemoved,
    CheckpointSaved,
    CommandSent,
    Declared,
    Described,
    Event,
    Forked,
    Refused,
    Replayed,
    Restored,
    StatusChanged,
    Trashed,
    Warned,
    WorkerStarted,
)
from babysit.protocol.serialization import fields_of, to_json
from babysit.protocol.status import MOVES, RunStatus
from babysit.storage.journal import to_jsonable

from ...limits import INT_MAX
from ..journals.validated import validated
from ..store import Transaction
from ..tables.runs import CheckpointRow, CommandRow, EventRow, RunRow
from .command_projection import (
    answer,
    applied,
    change_scheduled,
    changed,
    command_sent,
)
from .declared import change_controls, declare

EVENT_BYTES_MAX = 1_000_000
AT_CHARACTERS_MAX = 32
_PENDING = (
    select(CommandRow)
    .where(CommandRow.run_id == bindparam("run_id"), CommandRow.status == "pending")
    .order_by(CommandRow.id)
)
_DIRECTORY = re.compile(r"\d{1,16}(?:-\d{1,6})?", re.ASCII)  # the step, and which of its states

ReceivedEvent: TypeAlias = tuple[RunRow, EventRow, Event]


def emit(tx: Transaction, run: RunRow, event: Event) -> EventRow:
    """Store an event of the server itself, and project it."""
    if isinstance(event, StatusChanged) and event.status is RunStatus.STARTING:
        # Which attempt begins would else be known to SQL alone.
        event = replace(event, starts_attempt=run.attempt)
    body = to_jsonable(to_json(event))
    return record_event(tx, run, attempt=0, seq=run.server_seq + 1, body=body)


def emit_all(tx: Transaction, said: Iterable[tuple[RunRow, Event]]) -> None:
    """As `emit`, for one event of each of some runs."""
    received: list[ReceivedEvent] = []
    for run, event in said:
        row = _event_row(run, 0, run.server_seq + 1, event, to_jsonable(to_json(event)))
        received.append((run, row, event))
    _store(tx, received)


def record_event(
    tx: Transaction,
    run: RunRow,
    *,
    attempt: int,
    seq: int,
    body: dict[str, Any],
    event_id: int | None = None,
) -> EventRow:
    """Store one event of a journal, and change the rows it says something about.

    event_id: the one it had before the database was lost; None: the database gives it one.
    """
    event = read_event(body)
    if event is None:
        event = _not_understood(run, body)
        body = to_jsonable(to_json(event))
    row = _event_row(run, attempt, seq, event, body)
    if event_id is not None:
        row.id = event_id
    _store(tx, [(run, row, event)])
    return row


def record_events(
    tx: Transaction, run: RunRow, attempt: int, records: Iterable[tuple[int, dict[str, Any]]]
) -> None:
    """As `record_event`, for some that follow each other in a journal: (seq, body)."""
    received: list[ReceivedEvent] = []
    for seq, body in records:
        event = read_event(body)
        if event is not None:
            received.append((run, _event_row(run, attempt, seq, event, body), event))
            continue
        _store(tx, received)  # what stands in for it says how far the run is
        received = []
        record_event(tx, run, attempt=attempt, seq=seq, body=body)
    _store(tx, received)


def _event_row(run: RunRow, attempt: int, seq: int, event: Event, body: dict[str, Any]) -> EventRow:
    return EventRow(
        run_id=run.id,
        attempt=attempt,
        seq=seq,
        step=event.step,
        kind=event.kind,
        at=event.at,
        body=body,
    )


def _store(tx: Transaction, received: Sequence[ReceivedEvent]) -> None:
    tx.session.add_all(row for _, row, _ in received)
    tx.session.flush()  # the database gives the events their ids, in this order
    for run, row, event in received:
        run.last_event_id = row.id
        if row.attempt == 0:
            run.server_seq = row.seq
        elif row.attempt == run.attempt and event.step > run.step:
            run.step = event.step
        _project(tx, run, row.attempt, event)
        tx.events.append(row)
        tx.mark_changed(run)


def _not_understood(run: RunRow, body: dict[str, Any]) -> Warned:
    """What stands in for a record that says nothing: a function of it, without a clock."""
    at = body.get("at")
    return Warned(
        step=run.step,
        at=at if isinstance(at, str) and len(at) <= AT_CHARACTERS_MAX else run.created_at,
        message="A record of the journal could not be read.",
    )


def read_event(body: dict[str, Any]) -> Event | None:
    """The event, checked in every field: a journal is data of another process. None: it is none."""
    if len(json.dumps(body)) > EVENT_BYTES_MAX:
        return None
    event = validated(EVENTS, body)
    if event is None:
        return None
    numbers = [value for value in fields_of(event).values() if isinstance(value, int)]
    if event.step < 0 or any(abs(value) > INT_MAX for value in numbers):
        return None
    # It becomes part of a path that the server reads.
    if isinstance(event, CheckpointSaved) and not _DIRECTORY.fullmatch(event.directory):
        return None
    return event


def _project(tx: Transaction, run: RunRow, attempt: int, event: Event) -> None:
    match event:
        case StatusChanged():
            _status(run, attempt, event)
        case WorkerStarted():
            _worker_started(run, attempt, event)
        case Declared():
            declare(tx.session, run, event)
        case CommandSent():
            command_sent(tx, run, event)
        case Changed():
            changed(tx, run, event)
        case ChangeScheduled():
            change_scheduled(tx, run, event)
        case Applied():
            applied(tx, run, event)
        case Refused():
            answer(tx, run, event.command_id, "refused", event.step, reason=event.reason)
        case CheckpointSaved():
            _checkpoint_saved(tx, run, event)
        case CheckpointRemoved():
            _checkpoint(tx, event.checkpoint_id, removed=True)
            run.checkpoint_count = max(0, run.checkpoint_count - 1)
        case CheckpointPinned():
            _checkpoint(tx, event.checkpoint_id, pinned=event.pinned)
        case Described():
            _described(tx, run, event)
        case Trashed():
            run.trashed_at = event.at
        case Restored():
            run.trashed_at = None
        case Forked():
            _checkpoint(tx, event.checkpoint_id, pinned=True)
        case Replayed():
            run.replayed = {name: value for name, value in asdict(event).items() if name != "at"}
        case _:
            pass  # notes, guards and warnings are only published


def _status(run: RunRow, attempt: int, event: StatusChanged) -> None:
    if attempt == 0 and event.starts_attempt is not None:
        run.attempt = event.starts_attempt
    # A worker knows better than a database that was put back from before its start.
    worker_is_ahead = attempt > 0 and run.status is RunStatus.QUEUED
    if event.status != run.status and event.status not in MOVES[run.status] and not worker_is_ahead:
        return  # of an older process; the event itself stays in the history
    run.status = event.status
    run.reason = event.reason
    if event.status is RunStatus.RUNNING and run.started_at is None:
        run.started_at = event.at
    run.ended_at = event.at if event.status.is_over else None
    run.error = event.traceback if event.status is RunStatus.FAILED else None


def _worker_started(run: RunRow, attempt: int, event: WorkerStarted) -> None:
    run.attempt = max(run.attempt, attempt)
    run.step = event.step
    # A later attempt of a script begins at a checkpoint, and makes the changes after it once more.
    if run.script is None or run.started_at is None:
        run.values = dict(event.values)
    if attempt == 1 or (run.script is not None and run.started_at is None):
        run.initial_values = dict(event.values)
    run.train_size = event.train_size or None  # of a script they are not known
    run.steps_per_epoch = event.steps_per_epoch or None
    run.threads, run.device, run.machine = event.threads, event.device, event.machine


def _checkpoint_saved(tx: Transaction, run: RunRow, event: CheckpointSaved) -> None:
    with tx.session.no_autoflush:  # the rows go to the database together, at the end
        known = tx.session.get(CheckpointRow, event.checkpoint_id)
    if known is not None or event.checkpoint_id in tx.checkpoints:
        return  # said twice
    tx.checkpoints.add(event.checkpoint_id)
    tx.session.add(
        CheckpointRow(
            id=event.checkpoint_id,
            run_id=run.id,
            step=event.step,
            cause=event.cause,
            directory=event.directory,
            val_cost=event.val_cost,
            bytes=event.bytes,
            weights_sha256=event.weights_sha256,
            state_sha256=event.state_sha256,
            at=event.at,
            command_id=event.command_id,
            objective_value=event.objective_value,
        )
    )
    run.checkpoint_count += 1


def _checkpoint(tx: Transaction, checkpoint_id: int, **changes: bool) -> None:
    row = tx.session.get(CheckpointRow, checkpoint_id)
    if row is not None:
        for name, value in changes.items():
            setattr(row, name, value)


def _described(tx: Transaction, run: RunRow, event: Described) -> None:
    for name in ("name", "note", "live", "guard"):
        if (value := getattr(event, name)) is not None:
            setattr(run, name, value)
    if event.live:
        family = select(RunRow).where(RunRow.family_id == run.family_id, RunRow.live)
        for other in tx.session.scalars(family):
            other.live = False
            tx.mark_changed(other)
        run.live = True
    if event.max_steps_per_s is not None:
        run.max_steps_per_s = event.max_steps_per_s or None
    change_controls(run, event.controls)


def refuse_what_is_left(tx: Transaction, run: RunRow) -> None:
    """When a run ends, refuse its pending commands: nothing will execute them."""
    for command in list(tx.session.scalars(_PENDING, {"run_id": run.id})):
        emit(
            tx,
            run,
            Refused(
                step=run.step,
                command_id=command.id,
                command_kind=command.kind,
                reason=f"The run is {run.status.value}; it takes no more commands.",
                actor="server",
            ),
        )

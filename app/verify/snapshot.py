"""One look at a family of runs: its rows in one snapshot of SQL, and what is in its journals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Engine, NullPool, create_engine, event, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from babysit.storage.file_lock import is_run_locked
from babysit.storage.journal import Points

from ..store.journals.reader import JournalCursor, open_journals
from ..store.recovery.integrity import connect_read_only, file_of
from ..store.tables.runs import (
    CheckpointRow,
    CommandRow,
    CurveChunkRow,
    EventRow,
    JournalCursorRow,
    RunRow,
)
from ..store.tables.summaries import CurveSummaryRow

CONNECT_WITHIN_S = 5


@dataclass(slots=True)
class Journal:
    """What one journal holds.

    events: (seq, body), in order. steps: of `train/cost`; rates: step -> learning rate.
    first_step, last_step: of all points; None without points.
    """

    tape: JournalCursor
    records: int = 0
    events: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    rates: dict[int, float] = field(default_factory=dict)
    first_step: int | None = None
    last_step: int | None = None

    def of_kind(self, *kinds: str) -> list[dict[str, Any]]:
        return [body for _, body in self.events if body["kind"] in kinds]


@dataclass(slots=True)
class RunSnapshot:
    """A run as SQL, its journals and its lock show it."""

    directory: Path
    run: RunRow
    commands: list[CommandRow]
    checkpoints: list[CheckpointRow]
    events: list[EventRow]
    chunks: list[CurveChunkRow]
    summaries: list[CurveSummaryRow]
    cursors: dict[int, JournalCursorRow]
    journals: dict[int, Journal]
    is_locked: bool
    server_is_there: bool

    @property
    def name(self) -> str:
        return f"run {self.run.id}"

    def until(self, attempt: int) -> int:
        """The last record of a journal that SQL says it knows."""
        if attempt == 0:
            return self.run.server_seq
        cursor = self.cursors.get(attempt)
        return cursor.seq if cursor else 0

    def said(self, *kinds: str) -> list[tuple[int, dict[str, Any]]]:
        """(attempt, body) of all events of some kinds that SQL should know, by journal."""
        return [
            (attempt, body)
            for attempt, journal in self.journals.items()
            for seq, body in journal.events
            if body["kind"] in kinds and seq <= self.until(attempt)
        ]


@contextmanager
def read_transaction(url: str) -> Iterator[Session]:
    """A session that sees one state of the database, and could not change it if it tried."""
    engine = read_only_engine(url)
    try:
        with Session(engine, autoflush=False) as session, session.begin():
            yield session
    finally:
        engine.dispose()


def read_only_engine(url: str) -> Engine:
    file = file_of(url)
    if file is None:
        return create_engine(
            url,
            poolclass=NullPool,
            connect_args={"connect_timeout": CONNECT_WITHIN_S},
            isolation_level="REPEATABLE READ",
            execution_options={"postgresql_readonly": True},
        )
    engine = create_engine("sqlite://", creator=lambda: connect_read_only(file), poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        plain: Any = connection
        plain.isolation_level = None
        plain.execute("PRAGMA busy_timeout = 5000")

    @event.listens_for(engine, "begin")
    def start(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def take_snapshot(
    session: Session, run: RunRow, runs_dir: Path, *, server_is_there: bool
) -> RunSnapshot:
    """Read everything there is of a run; the journals after the rows, so that they know more."""

    def rows(table: Any, *order: Any) -> list[Any]:
        query = select(table).where(table.run_id == run.id).order_by(*order)
        return list(session.scalars(query))

    directory = runs_dir / str(run.id)
    cursors = {row.attempt: row for row in rows(JournalCursorRow)}
    return RunSnapshot(
        directory=directory,
        run=run,
        commands=rows(CommandRow, CommandRow.id),
        checkpoints=rows(CheckpointRow, CheckpointRow.id),
        events=rows(EventRow, EventRow.id),
        chunks=rows(CurveChunkRow, CurveChunkRow.attempt, CurveChunkRow.series),
        summaries=rows(CurveSummaryRow, CurveSummaryRow.attempt, CurveSummaryRow.series),
        cursors=cursors,
        is_locked=is_run_locked(directory),
        journals={tape.attempt: read_journal(tape) for tape in open_journals(directory, run.id)},
        server_is_there=server_is_there,
    )


def read_journal(tape: JournalCursor) -> Journal:
    journal = Journal(tape)
    while (found := tape.peek()) is not None:
        tape.take()
        journal.records += 1
        if isinstance(found.body, Points):
            _note_points(journal, found.body)
        else:
            journal.events.append((found.seq, found.body))
    return journal


def _note_points(journal: Journal, block: Points) -> None:
    if not len(block.steps):
        return
    low, high = int(block.steps.min()), int(block.steps.max())
    journal.first_step = low if journal.first_step is None else min(low, journal.first_step)
    journal.last_step = high if journal.last_step is None else max(high, journal.last_step)
    if "train/cost" in block.names:
        journal.steps += block.steps.tolist()
    if "learning_rate" in block.names:
        values = np.asarray(block.values[block.names.index("learning_rate")])
        journal.rates.update(zip(block.steps.tolist(), values.tolist(), strict=True))

"""Access to SQL: consistent reads, and one write transaction at a time, published after commit."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from babysit.storage.journal import Points

from .clock import NAME as CLOCK
from .clock import SteadyClock
from .committed import Committed, Publish
from .engine import Database
from .events import event_json
from .journals.event_ids import NAME as ORDER
from .journals.event_ids import EventIdLog, StoredBatch, read_up_to
from .journals.pool import JournalPool, server_journals
from .journals.search_journal import SearchJournals
from .run_json import run_list
from .tables.runs import EventRow, RunRow

log = logging.getLogger(__name__)

SEARCHES = "searches"  # in the data directory, next to the runs


class Transaction:
    """A write transaction: its session, and what to publish after the commit."""

    def __init__(self, session: Session, journals: JournalPool, searches: SearchJournals) -> None:
        self.session = session
        self.journals = journals
        self.searches = searches
        self.events: list[EventRow] = []
        self.points: list[tuple[int, Points]] = []
        self.changed_runs: dict[int, RunRow] = {}
        self.changed_searches: set[int] = set()
        self.checkpoints: set[int] = set()  # announced in this transaction
        self.answered: dict[str, Any] | None = None  # a request that named a key
        self.made: list[Path] = []  # directories of new runs and searches
        self.newest_run_id = (
            0  # given in this transaction, or found to be in use; 0: not looked up yet
        )

    def mark_changed(self, run: RunRow) -> None:
        """Publish the run's state after the commit."""
        self.changed_runs[run.id] = run

    def committed(self) -> Committed:
        self.session.flush()
        runs = list(self.changed_runs.values())
        return Committed(
            events=[event_json(row) for row in self.events],
            points=self.points,
            runs={run["id"]: run for run in run_list(self.session, runs)},
            searches=self.changed_searches
            | {run.search_id for run in runs if run.search_id is not None},
        )

    def stored(self) -> StoredBatch:
        """What a rebuild cannot take from the journals of the runs."""
        events = [(row.id, row.run_id, row.attempt, row.seq) for row in self.events]
        run_ids = {row.run_id for row in self.events}
        read = read_up_to(self.session, run_ids) if run_ids else {}
        return StoredBatch(events, read, self.answered)

    def undo(self) -> None:
        """Remove the directories that a failed transaction created."""
        for directory in self.made:
            if directory.parent == self.searches.parent:
                self.searches.forget(int(directory.name))
            shutil.rmtree(directory, ignore_errors=True)


class Store:
    """SQL and the server's journals. All writing goes through `writing`, one at a time."""

    def __init__(self, database: Database, runs_dir: Path) -> None:
        self.database = database
        self.runs_dir = runs_dir
        self.publish: Publish = lambda committed: None
        self.journals = server_journals(runs_dir)
        self.searches = SearchJournals(runs_dir.parent / SEARCHES)
        self.event_ids = EventIdLog(runs_dir.parent / ORDER)
        self.lagging_runs: set[int] = set()  # runs whose journal lacks what SQL has
        self.removed: set[int] = set()  # runs whose directories are going
        self.clock = SteadyClock(runs_dir.parent / CLOCK)
        self.lock = threading.RLock()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self.database.reading() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """A transaction; committed when the block is left without an exception.

        After the commit, in its order: what the server said goes to `server.journal`, then
        everybody who waits or watches is told.
        """
        with self.lock:
            with Session(self.database.writer) as session, session.begin():
                tx = Transaction(session, self.journals, self.searches)
                try:
                    yield tx
                    committed, stored = tx.committed(), tx.stored()
                except BaseException:
                    tx.undo()
                    raise
                said = _said_by_server(tx.events)
            for run_id, rows in said.items():
                self._append_to_journal(run_id, rows)
            self._append_event_ids(stored)
            if committed:
                self.publish(committed)

    def _append_to_journal(self, run_id: int, rows: list[tuple[int, dict[str, Any]]]) -> None:
        """Append committed events to the run's journal; `reconcile` does later what fails now."""
        try:
            if self.journals.seq(run_id) == rows[0][0] - 1:
                self.journals.append(run_id, [body for _, body in rows])
            else:
                self.lagging_runs.add(run_id)
        except OSError as error:
            log.warning("run %d: its server.journal cannot be written: %s", run_id, error)
            self.lagging_runs.add(run_id)

    def _append_event_ids(self, stored: StoredBatch) -> None:
        if not stored or self.event_ids.is_lagging:
            return
        try:
            self.event_ids.append(stored)
        except OSError as error:
            log.warning("order.journal cannot be written: %s", error)
            self.event_ids.is_lagging = True

    def close(self) -> None:
        with self.lock:
            self.clock.save()
            self.journals.close()
            self.searches.close()
            self.event_ids.close()
            self.database.close()


def _said_by_server(events: list[EventRow]) -> dict[int, list[tuple[int, dict[str, Any]]]]:
    said: dict[int, list[tuple[int, dict[str, Any]]]] = {}
    for row in events:
        if row.attempt == 0:
            said.setdefault(row.run_id, []).append((row.seq, row.body))
    return said

"""The door to SQL: reads see one state, writes come one after the other and are told afterwards."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.live import Announce, Committed
from app.store.database import Database
from app.store.events import event_json
from app.store.journals import ServerJournals
from app.store.order import NAME as ORDER
from app.store.order import Order, Stored, read_so_far
from app.store.search_journals import SearchJournals
from app.store.tables import EventRow, RunRow
from app.store.views import run_list
from babysit.journal import Points

log = logging.getLogger(__name__)

SEARCHES = "searches"  # in the data directory, beside the runs


class Write:
    """One writing transaction: its session, and what is to be told once it is committed."""

    def __init__(
        self, session: Session, journals: ServerJournals, searches: SearchJournals
    ) -> None:
        self.session = session
        self.journals = journals
        self.searches = searches
        self.events: list[EventRow] = []
        self.points: list[tuple[int, Points]] = []
        self.touched: dict[int, RunRow] = {}
        self.checkpoints: set[int] = set()  # announced in this transaction
        self.answered: dict[str, Any] | None = None  # a request that named a key
        self.made: list[Path] = []  # directories of new runs and searches
        self.newest_run_id = 0  # given in this transaction, or found to be given; 0: not looked yet

    def touch(self, run: RunRow) -> None:
        """Tell everybody what this run looks like after the commit."""
        self.touched[run.id] = run

    def news(self) -> Committed:
        self.session.flush()
        runs = list(self.touched.values())
        return Committed(
            events=[event_json(row) for row in self.events],
            points=self.points,
            runs={run["id"]: run for run in run_list(self.session, runs)},
        )

    def stored(self) -> Stored:
        """What a rebuilt database could not know from the journals of the runs."""
        events = [(row.id, row.run_id, row.attempt, row.seq) for row in self.events]
        run_ids = {row.run_id for row in self.events}
        read = read_so_far(self.session, run_ids) if run_ids else {}
        return Stored(events, read, self.answered)

    def undo(self) -> None:
        """Take away what a transaction made outside of SQL: nobody was told of it."""
        for directory in self.made:
            if directory.parent == self.searches.searches_dir:
                self.searches.forget(int(directory.name))
            shutil.rmtree(directory, ignore_errors=True)


class Store:
    """SQL and the server's journals. All writing goes through `writing`, one at a time."""

    def __init__(self, database: Database, runs_dir: Path) -> None:
        self.database = database
        self.runs_dir = runs_dir
        self.announce: Announce = lambda committed: None
        self.journals = ServerJournals(runs_dir)
        self.searches = SearchJournals(runs_dir.parent / SEARCHES)
        self.order = Order(runs_dir.parent / ORDER)
        self.behind: set[int] = set()  # runs whose journal lacks what SQL has
        self.lock = threading.RLock()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self.database.reading() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Write]:
        """A transaction; committed when the block is left without an exception.

        After the commit, in its order: what the server said goes to `server.journal`, then
        everybody who waits or watches is told.
        """
        with self.lock:
            with Session(self.database.writer) as session, session.begin():
                write = Write(session, self.journals, self.searches)
                try:
                    yield write
                    news, stored = write.news(), write.stored()
                except BaseException:
                    write.undo()
                    raise
                said = _said_by_server(write.events)
            for run_id, rows in said.items():
                self._pass_on(run_id, rows)
            self._write_down(stored)
            if news:
                self.announce(news)

    def _pass_on(self, run_id: int, rows: list[tuple[int, dict[str, Any]]]) -> None:
        """Append committed events to the run's journal; `catch_up` does later what fails now."""
        try:
            if self.journals.seq(run_id) == rows[0][0] - 1:
                self.journals.append(run_id, [body for _, body in rows])
            else:
                self.behind.add(run_id)
        except OSError as error:
            log.warning("run %d: its server.journal cannot be written: %s", run_id, error)
            self.behind.add(run_id)

    def _write_down(self, stored: Stored) -> None:
        if not stored or self.order.is_behind:
            return
        try:
            self.order.append(stored)
        except OSError as error:
            log.warning("order.journal cannot be written: %s", error)
            self.order.is_behind = True

    def close(self) -> None:
        with self.lock:
            self.journals.close()
            self.searches.close()
            self.order.close()
            self.database.close()


def _said_by_server(events: list[EventRow]) -> dict[int, list[tuple[int, dict[str, Any]]]]:
    said: dict[int, list[tuple[int, dict[str, Any]]]] = {}
    for row in events:
        if row.attempt == 0:
            said.setdefault(row.run_id, []).append((row.seq, row.body))
    return said

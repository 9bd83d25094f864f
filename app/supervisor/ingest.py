"""Reads the workers' journals into SQL; records and cursor in one transaction."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import and_, bindparam, select

from babysit.protocol.events import Warned
from babysit.protocol.status import RunStatus
from babysit.storage.journal import Frame, Gap, JournalReader, Points, Record

from ..store.curves.append import OpenChunks, append_points
from ..store.recovery.reconcile import reconcile
from ..store.runs.projection import emit, record_events, refuse_what_is_left
from ..store.store import Store, Transaction
from ..store.tables.runs import JournalCursorRow, RunRow
from .background_loop import BackgroundLoop

LOOK_EVERY_S = 0.02  # for growth; one stat for each journal
POINTS_EVERY_S = 0.08  # for points alone; each commit is a sync
TRIALS_EVERY_S = 1.0  # for points and batched events of trials without viewers
JUDGED_EVERY_S = 0.25  # for trials that may be pruned
# Events of trials that need not be stored at once: they are stored with the points.
BATCHED_KINDS = ("worker_started", "checkpoint_saved", "checkpoint_removed")
# Their effect in SQL does not depend on the points before them in the journal.
WITHOUT_POINTS = ("checkpoint_saved", "checkpoint_removed", "status_changed")
IDLE_S = 0.5  # without any run to watch
RECONCILE_EVERY_S = 1.0


log = logging.getLogger(__name__)

OF_JOURNAL = (
    select(RunRow, JournalCursorRow)
    .outerjoin(
        JournalCursorRow,
        and_(
            JournalCursorRow.run_id == RunRow.id,
            JournalCursorRow.attempt == bindparam("attempt"),
        ),
    )
    .where(RunRow.id == bindparam("run_id"))
)


@dataclass(slots=True)
class Followed:
    """A journal that may grow: its reader, and the records that are not stored yet."""

    run_id: int
    attempt: int
    reader: JournalReader
    unread: list[Record] = field(default_factory=list)
    stored_at_s: float = 0.0  # monotonic
    is_trial: bool = False
    is_urgent: bool = False  # a record must be stored at once

    def has_grown(self) -> bool:
        try:
            return os.stat(self.reader.path).st_size > self.reader.offset
        except FileNotFoundError:
            return False

    def look(self) -> None:
        if self.has_grown():
            records = self.reader.read()
            self.unread += records
            self.is_urgent |= any(_is_urgent(record, is_trial=self.is_trial) for record in records)

    def is_due(self, now_s: float, every_s: float) -> bool:
        """Whether to store the unread records now: events at once, points in batches."""
        if not self.unread or self.is_urgent:
            return bool(self.unread)
        return now_s - self.stored_at_s >= every_s


def _is_urgent(record: Record, *, is_trial: bool) -> bool:
    if not isinstance(record, Frame):
        return True
    if isinstance(record.body, Points):
        return False
    kind, status = record.body.get("kind"), record.body.get("status")
    return not is_trial or not (kind in BATCHED_KINDS or status == RunStatus.RUNNING)


def journal_path(runs_dir: Path, run_id: int, attempt: int) -> Path:
    return runs_dir / str(run_id) / f"attempt-{attempt:04d}.journal"


class Ingest:
    """Follows journals in one thread; `read_to_end` may be called from other threads."""

    def __init__(
        self, store: Store, trial_every_s: Callable[[int], float] = lambda _: TRIALS_EVERY_S
    ) -> None:
        """trial_every_s: how often the points of a trial's run are stored at present."""
        self._store = store
        self._trial_every_s = trial_every_s
        self._followed: dict[tuple[int, int], Followed] = {}
        self._lock = threading.RLock()  # taken before the store's
        self._reconciled_at_s = time.monotonic()
        self.loop = BackgroundLoop("ingest", self._read_and_reconcile)

    def start(self) -> None:
        self.loop.start()

    def close(self) -> None:
        self.loop.close()

    def follow(self, run_id: int, attempt: int) -> None:
        """Read this journal from its cursor on, and as long as it grows."""
        with self._lock:
            if (run_id, attempt) not in self._followed:
                self._followed[run_id, attempt] = self._from_cursor(run_id, attempt)
        self.loop.wake()

    def follow_new(self, run_id: int, attempt: int, *, is_trial: bool) -> None:
        """Follow the journal of an attempt that has not begun, so that it has no cursor yet."""
        with self._lock:
            self._followed[run_id, attempt] = self._from(run_id, attempt, is_trial=is_trial)
        self.loop.wake()

    def leave(self, run_id: int, attempt: int) -> None:
        """Stop following a journal that is complete and stored."""
        with self._lock:
            self._followed.pop((run_id, attempt), None)

    def read_to_end(self, run_id: int, attempt: int) -> None:
        """Store everything that the journal holds now."""
        with self._lock:
            followed = self._followed.get((run_id, attempt))
            followed = followed or self._from_cursor(run_id, attempt)
            while followed.unread or followed.has_grown():
                followed.look()
                if not followed.unread:
                    break  # the last record is incomplete
                self._store_all([followed])

    def read_what_was_missed(self) -> None:
        """After a start: store what the journals hold beyond their cursors."""
        with self._store.reading() as session:
            cursors = {
                (row.run_id, row.attempt): row.offset
                for row in session.scalars(select(JournalCursorRow))
            }
            run_ids = list(session.scalars(select(RunRow.id).order_by(RunRow.id)))
        for run_id in run_ids:
            for path in sorted((self._store.runs_dir / str(run_id)).glob("attempt-*.journal")):
                number = path.stem.partition("-")[2]
                if not number.isdigit():
                    continue
                if path.stat().st_size > cursors.get((run_id, int(number)), 0):
                    self.read_to_end(run_id, int(number))

    def _from_cursor(self, run_id: int, attempt: int) -> Followed:
        with self._store.reading() as session:
            row = session.execute(OF_JOURNAL, {"run_id": run_id, "attempt": attempt}).first()
            run, cursor = row or (None, None)
            offset, seq = (0, 0) if cursor is None else (cursor.offset, cursor.seq)
            is_trial = run is not None and run.search_id is not None
        return self._from(run_id, attempt, offset, seq, is_trial=is_trial)

    def _from(
        self,
        run_id: int,
        attempt: int,
        offset: int = 0,
        seq: int = 0,
        *,
        is_trial: bool,
    ) -> Followed:
        reader = JournalReader(journal_path(self._store.runs_dir, run_id, attempt), offset, seq)
        stored_at_s = (
            time.monotonic() if is_trial else 0.0
        )  # an ordinary run: the first point at once
        return Followed(run_id, attempt, reader, stored_at_s=stored_at_s, is_trial=is_trial)

    # -- the thread

    def _read_and_reconcile(self) -> float:
        self._look()
        now_s = time.monotonic()
        if now_s - self._reconciled_at_s >= RECONCILE_EVERY_S:
            reconcile(self._store)
            self._reconciled_at_s = now_s
        return LOOK_EVERY_S if self._followed else IDLE_S

    def _look(self) -> None:
        now_s = time.monotonic()
        with self._lock:
            for followed in self._followed.values():
                followed.look()
            intervals = [(each, self._every_s(each)) for each in self._followed.values()]
            if any(followed.is_due(now_s, every_s) for followed, every_s in intervals):
                # There is a commit in any case, so records that are due soon are stored as well.
                self._store_all(
                    [each for each, every_s in intervals if each.is_due(now_s, every_s / 2)]
                )

    def _every_s(self, followed: Followed) -> float:
        return self._trial_every_s(followed.run_id) if followed.is_trial else POINTS_EVERY_S

    def _store_all(self, due: list[Followed]) -> None:
        """Store in one transaction; if it fails, reading starts again at the cursors."""
        try:
            with self._store.writing() as tx:
                for followed in due:
                    store_records(tx, followed)
        except BaseException:
            for followed in due:
                key = (followed.run_id, followed.attempt)
                if key in self._followed:
                    self._followed[key] = self._from_cursor(*key)
            raise
        for followed in due:
            followed.unread, followed.is_urgent = [], False
            followed.stored_at_s = time.monotonic()


def store_records(tx: Transaction, followed: Followed) -> None:
    """Store the unread records of one journal in their order, and move the cursor."""
    attempt = followed.attempt
    row = tx.session.execute(OF_JOURNAL, {"run_id": followed.run_id, "attempt": attempt}).first()
    if row is None:
        return
    run, cursor = row
    opened = _opened_before(cursor)
    events: list[tuple[int, dict[str, Any]]] = []
    blocks: list[Points] = []

    def store() -> None:
        nonlocal opened
        record_events(tx, run, attempt, events)
        opened = append_points(tx.session, run, attempt, blocks, opened)
        if attempt == run.attempt:
            tx.points += [(run.id, block) for block in blocks]
        events.clear()
        blocks.clear()

    for record in followed.unread:
        if not isinstance(record, Frame):
            continue
        if isinstance(record.body, Points):
            blocks.append(record.body)
            continue
        if blocks and record.body["kind"] not in WITHOUT_POINTS:
            store()
        events.append((record.seq, record.body))
    store()
    if any(isinstance(record, Gap) for record in followed.unread):
        message = "Part of the journal is damaged; the rest was read."
        log.warning(
            "run %d: %s `babysit verify` names the part; `babysit rebuild` cannot bring it back.",
            run.id,
            message,
        )
        emit(tx, run, Warned(step=run.step, message=message))
    if run.status.is_over:
        refuse_what_is_left(tx, run)
    _move_cursor(tx, followed, cursor)
    tx.mark_changed(run)


def _opened_before(cursor: JournalCursorRow | None) -> OpenChunks | None:
    """The open chunks if they are known: without a cursor, none is stored yet."""
    return {} if cursor is None else None


def _move_cursor(tx: Transaction, followed: Followed, cursor: JournalCursorRow | None) -> None:
    if cursor is None:
        cursor = JournalCursorRow(run_id=followed.run_id, attempt=followed.attempt)
        tx.session.add(cursor)
    cursor.offset, cursor.seq = followed.reader.offset, followed.reader.seq

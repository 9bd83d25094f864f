"""Reads the workers' journals into SQL; records and cursor in one transaction."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import and_, bindparam, select

from babysit.protocol.events import Warned
from babysit.storage.file_watch import FileWatch
from babysit.storage.journal import Frame, Gap, JournalReader, Points

from ..store.curves.append import OpenChunks, append_points
from ..store.recovery.reconcile import reconcile
from ..store.runs.projection import emit, record_events, refuse_what_is_left
from ..store.store import Store, Transaction
from ..store.tables.runs import JournalCursorRow, RunRow
from .background_loop import BackgroundLoop
from .followed import Followed

LOOK_EVERY_S = 1.0  # at all journals, in case a wake-up was lost
TURN_EVERY_S = 0.005  # at most, however many journals grow
POINTS_EVERY_S = 0.08  # for points alone; each commit is a sync
TRIALS_EVERY_S = 1.0  # for points and batched events of trials without viewers
JUDGED_EVERY_S = 0.25  # for trials that may be pruned
# Their effect in SQL does not depend on the points before them in the journal.
WITHOUT_POINTS = ("checkpoint_saved", "checkpoint_removed", "status_changed")
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
        self._reconciled_at_s = self._turned_at_s = time.monotonic()
        self._looked_at_s = -math.inf  # at all journals
        self._watch = FileWatch()
        self.loop = BackgroundLoop("ingest", self._read_and_reconcile, self._watch)

    def start(self) -> None:
        self.loop.start()

    def close(self) -> None:
        self.loop.close()

    def follow(self, run_id: int, attempt: int) -> None:
        """Read this journal from its cursor on, and as long as it grows."""
        with self._lock:
            if (run_id, attempt) not in self._followed:
                followed = self._from_cursor(run_id, attempt)
                self._followed[run_id, attempt] = followed
                self._watch.add(followed.reader.path)

    def follow_new(self, run_id: int, attempt: int, *, is_trial: bool) -> None:
        """Follow the journal of an attempt that has not begun, so that it has no cursor yet."""
        with self._lock:
            followed = self._from(run_id, attempt, is_trial=is_trial)
            self._followed[run_id, attempt] = followed
            self._watch.add(followed.reader.path)

    def leave(self, run_id: int, attempt: int) -> None:
        """Stop following a journal that is complete and stored."""
        with self._lock:
            followed = self._followed.pop((run_id, attempt), None)
            if followed is not None:
                self._watch.remove(followed.reader.path)

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
            row = JournalCursorRow
            cursors = {
                (run_id, attempt): offset
                for run_id, attempt, offset in session.execute(
                    select(row.run_id, row.attempt, row.offset)
                )
            }
            run_ids = list(session.scalars(select(RunRow.id).order_by(RunRow.id)))
        for run_id in run_ids:
            for attempt, size in _journals_in(f"{self._store.runs_dir}/{run_id}"):
                if size > cursors.get((run_id, attempt), 0):
                    self.read_to_end(run_id, attempt)

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
        early_s = self._turned_at_s + TURN_EVERY_S - time.monotonic()
        if early_s > 0:
            self.loop.pause(early_s)
        self._turned_at_s = now_s = time.monotonic()
        next_s = self._look()
        if now_s - self._reconciled_at_s >= RECONCILE_EVERY_S:
            reconcile(self._store)
            self._reconciled_at_s = now_s
        return next_s

    def _look(self) -> float:
        """Read what has grown and store what is due; how long the next look may wait."""
        now_s = time.monotonic()
        with self._lock:
            try:
                grown = self._grown(now_s)
                for followed in self._followed.values():
                    if grown is None or followed.reader.path in grown:
                        followed.look()
                intervals = [(each, self._every_s(each)) for each in self._followed.values()]
                if any(each.due_in_s(now_s, every_s) == 0 for each, every_s in intervals):
                    # There is a commit in any case: records that are due soon are stored as well.
                    due = [e for e, every_s in intervals if e.due_in_s(now_s, every_s / 2) == 0]
                    self._store_all(due)
            except BaseException:
                self._looked_at_s = -math.inf  # what has grown may not have been read
                raise
            now_s = time.monotonic()
            waits = (each.due_in_s(now_s, every_s) for each, every_s in intervals)
            return min(LOOK_EVERY_S, *waits) if intervals else LOOK_EVERY_S

    def _grown(self, now_s: float) -> set[Path] | None:
        """The journals that have grown; None: now and then all are looked at."""
        grown = set(self._watch.take_grown())
        if now_s - self._looked_at_s < LOOK_EVERY_S:
            return grown
        self._looked_at_s = now_s
        self._watch.refresh()
        return None

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
            followed.note_stored()


def _journals_in(directory: str) -> list[tuple[int, int]]:
    """The journals of workers in a run's directory, which may be missing: attempt and bytes."""
    found = []
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for name in os.listdir(directory):
            number = name.removeprefix("attempt-").removesuffix(".journal")
            if number.isdigit() and name == f"attempt-{number}.journal":
                found.append((int(number), os.stat(f"{directory}/{name}").st_size))
    return sorted(found)


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

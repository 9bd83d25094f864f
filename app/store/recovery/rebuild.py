"""Replays the journals of all runs into empty tables, in the order in which they were stored.

The projection of a running server (`runs/projection.py`, `curves/curves.py`) makes the same rows.
Its input is in the run's directory, except the order in which several journals were read: that,
and the ids of events, are in `order.journal`.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.orm import Session

from babysit.storage.journal import Gap, Points

from ..curves.append import append_points
from ..idempotency import restore_response
from ..journals.event_ids import StoredBatch
from ..journals.pool import server_journals
from ..journals.reader import JournalCursor, open_journals
from ..journals.search_journal import SearchJournals
from ..journals.spec_file import RUN_FILE
from ..runs.projection import record_event
from ..runs.runs import run_row
from ..store import SEARCHES, Transaction
from ..tables.runs import JournalCursorRow, RunRow

BLOCKS_MAX = 256  # of points that wait to be stored together


@dataclass(slots=True)
class RebuildReport:
    """What was stored. problems: what could not be read, a phrase for each."""

    runs: int = 0
    searches: int = 0
    events: int = 0
    points: int = 0
    answers: int = 0
    new_ids: int = 0  # events that order.journal knows nothing of
    problems: list[str] = field(default_factory=list)


class Replayer:
    """Fills the tables that a session is connected to. Used once."""

    def __init__(self, session: Session, runs_dir: Path, first_new_id: int) -> None:
        """first_new_id: of events whose earlier id is unknown; above all ids ever used."""
        self._tx = Transaction(
            session, server_journals(runs_dir), SearchJournals(runs_dir.parent / SEARCHES)
        )
        self._runs_dir = runs_dir
        self._next_id = first_new_id
        self._rows: dict[int, RunRow] = {}
        self.journals: dict[tuple[int, int], JournalCursor] = {}
        self.rebuild_report = RebuildReport()

    def make_runs(self, directories: Iterable[Path]) -> None:
        """A row for each run as it was asked for, parents first."""
        for directory in directories:
            spec = RUN_FILE.read(directory)
            if isinstance(spec, str):
                self._problem(f"run {directory.name}, run.json: {spec}")
                continue
            row = run_row(spec)
            if row.parent_run_id is not None and row.parent_run_id not in self._rows:
                self._problem(f"run {row.id}: its parent, run {row.parent_run_id}, is not there")
                row.parent_run_id = row.parent_step = row.parent_checkpoint_id = None
            self._tx.session.add(row)
            self._tx.session.flush()
            self._rows[row.id] = row
            self.rebuild_report.runs += 1
            for tape in open_journals(directory, row.id):
                self.journals[row.id, tape.attempt] = tape

    def replay(self, order: Iterable[StoredBatch | Gap]) -> None:
        """What stands in `order.journal`, in its order and with its ids."""
        records = []
        for record in order:
            if isinstance(record, Gap):
                self._problem(
                    f"order.journal: {record.length:,} bytes at {record.offset:,} are lost"
                )
            else:
                records.append(record)
        # An event that was published again has a later id: that one counts.
        newest = {place[1:]: place[0] for record in records for place in record.events}
        for record in records:
            for ident, *place in record.events:
                run_id, attempt, seq = place
                if run_id in self._rows and newest[run_id, attempt, seq] == ident:
                    if attempt == 0:  # the points before a new attempt count as the old one's
                        self._read_on(record.read)
                    self._replay_event(run_id, attempt, seq, ident)
            self._read_on(record.read)
            if record.answered is not None:
                restore_response(self._tx.session, record.answered)
                self._tx.session.flush()
                self.rebuild_report.answers += 1

    def replay_unordered(self) -> None:
        """What was written after the end of `order.journal`, in order of time."""
        waiting: list[tuple[str, int, int]] = []
        for tape in self.journals.values():
            self._wait_for_event(waiting, tape)
        while waiting:
            _, run_id, attempt = heapq.heappop(waiting)
            self._take(self.journals[run_id, attempt])
            self._wait_for_event(waiting, self.journals[run_id, attempt])

    def finish(self) -> None:
        """Note how far the journals are read, and what could not be read."""
        for tape in self.journals.values():
            if tape.attempt and tape.reader.offset:
                cursor = JournalCursorRow(run_id=tape.run_id, attempt=tape.attempt)
                cursor.offset, cursor.seq = tape.reader.offset, tape.reader.seq
                self._tx.session.add(cursor)
            self.rebuild_report.problems += tape.problems
        self._tx.session.flush()

    @property
    def newest_id(self) -> int:
        """No event has a higher id."""
        return self._next_id - 1

    # -- one journal

    def _replay_event(self, run_id: int, attempt: int, seq: int, ident: int) -> None:
        """Store everything of a journal up to an event, and the event under its id."""
        tape = self.journals.get((run_id, attempt))
        if tape is None:
            self._problem(f"run {run_id}: the journal of attempt {attempt} is missing")
            self.journals[run_id, attempt] = JournalCursor(
                self._runs_dir / "missing", run_id, attempt, 0
            )
            return
        if tape.until is not None and seq > tape.until:
            return
        while (found := tape.peek()) is not None and found.seq < seq:
            self._take(tape)
        if found is None or found.seq != seq or isinstance(found.body, Points):
            tape.problems.append(f"{tape.name}: record {seq}, event {ident}, is lost")
            return
        self._take(tape, ident)

    def _read_on(self, read: dict[tuple[int, int], int]) -> None:
        """Store the points that had been read by then."""
        for place, seq in read.items():
            tape = self.journals.get(place)
            if tape is None:
                continue
            while (found := tape.peek()) is not None and found.seq <= seq:
                if not isinstance(found.body, Points):
                    break  # an event has its own turn
                self._take(tape)
            self._store_points(tape)

    def _wait_for_event(self, waiting: list[tuple[str, int, int]], tape: JournalCursor) -> None:
        while (found := tape.peek()) is not None:
            if isinstance(found.body, dict):
                at = str(found.body.get("at", ""))
                heapq.heappush(waiting, (at, tape.run_id, tape.attempt))
                break
            self._take(tape)
        self._store_points(tape)

    def _take(self, tape: JournalCursor, ident: int | None = None) -> None:
        """Store the next record. From the first event without a known id on, all get new ones."""
        found = tape.take()
        if isinstance(found.body, Points):
            tape.blocks.append(found.body)
            if len(tape.blocks) >= BLOCKS_MAX:
                self._store_points(tape)
            return
        self._store_points(tape)
        if ident is None or self.rebuild_report.new_ids:
            ident = self._next_id
            self._next_id += 1
            self.rebuild_report.new_ids += 1
        run = self._rows[tape.run_id]
        record_event(
            self._tx,
            run,
            attempt=tape.attempt,
            seq=found.seq,
            body=found.body,
            event_id=ident,
        )
        self._tx.events.clear()
        self.rebuild_report.events += 1

    def _store_points(self, tape: JournalCursor) -> None:
        if tape.blocks:
            run = self._rows[tape.run_id]
            append_points(self._tx.session, run, tape.attempt, tape.blocks)
            self.rebuild_report.points += sum(block.values.size for block in tape.blocks)
            tape.blocks.clear()

    def _problem(self, text: str) -> None:
        self.rebuild_report.problems.append(text)

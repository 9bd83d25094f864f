"""Plays the journals of all runs into empty tables, in the order in which they were stored before.

The same fold as on the day (`apply.py`, `curves.py`) makes the same rows. What it depends on is in
the run's directory, but for the order in which several journals were read: that, and the ids of
events, stand in `order.journal`.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from app.store.apply import record_event
from app.store.curves import append_points
from app.store.journals import ServerJournals
from app.store.once import store_answer
from app.store.order import Stored
from app.store.runs import run_row
from app.store.search_journals import SearchJournals
from app.store.store import SEARCHES, Write
from app.store.tables import JournalCursorRow, RunRow
from app.store.tape import Tape, tapes_of
from babysit.journal import Gap, Points
from babysit.messages import RunAsked

BLOCKS_MAX = 256  # of points that wait to be stored together
ASKED = TypeAdapter(RunAsked)


@dataclass(slots=True)
class Played:
    """What was found and stored. problems: what could not be read, a sentence for each."""

    runs: int = 0
    searches: int = 0
    events: int = 0
    points: int = 0
    answers: int = 0
    new_ids: int = 0  # events that order.journal knows nothing of
    problems: list[str] = field(default_factory=list)


class Playback:
    """Fills the tables that a session is connected to. Used once."""

    def __init__(self, session: Session, runs_dir: Path, first_new_id: int) -> None:
        """first_new_id: of events whose earlier id nobody knows; above all ids ever given."""
        self._write = Write(
            session, ServerJournals(runs_dir), SearchJournals(runs_dir.parent / SEARCHES)
        )
        self._runs_dir = runs_dir
        self._next_id = first_new_id
        self._rows: dict[int, RunRow] = {}
        self.tapes: dict[tuple[int, int], Tape] = {}
        self.played = Played()

    def make_runs(self, directories: Iterable[Path]) -> None:
        """A row for each run as it was asked for, parents first."""
        for directory in sorted(directories, key=lambda path: int(path.name)):
            asked = read_asked(directory)
            if isinstance(asked, str):
                self._problem(f"run {directory.name}, run.json: {asked}")
                continue
            row = run_row(asked)
            if row.parent_run_id is not None and row.parent_run_id not in self._rows:
                self._problem(f"run {row.id}: its parent, run {row.parent_run_id}, is not there")
                row.parent_run_id = row.parent_step = row.parent_checkpoint_id = None
            self._write.session.add(row)
            self._write.session.flush()
            self._rows[row.id] = row
            self.played.runs += 1
            for tape in tapes_of(directory, row.id):
                self.tapes[row.id, tape.attempt] = tape

    def play(self, order: Iterable[Stored | Gap]) -> None:
        """What stands in `order.journal`, in its order and with its ids."""
        records = []
        for record in order:
            if isinstance(record, Gap):
                self._problem(
                    f"order.journal: {record.length:,} bytes at {record.offset:,} are lost"
                )
            else:
                records.append(record)
        # An event that was told again has a later id: that one counts.
        newest = {place[1:]: place[0] for record in records for place in record.events}
        for record in records:
            for ident, *place in record.events:
                run_id, attempt, seq = place
                if run_id in self._rows and newest[run_id, attempt, seq] == ident:
                    if attempt == 0:  # the points before a new attempt count as the old one's
                        self._read_on(record.read)
                    self._play_event(run_id, attempt, seq, ident)
            self._read_on(record.read)
            if record.answered is not None:
                store_answer(self._write.session, record.answered)
                self._write.session.flush()
                self.played.answers += 1

    def play_the_rest(self) -> None:
        """What was written after the last word of `order.journal`, by the time it names."""
        waiting: list[tuple[str, int, int]] = []
        for tape in self.tapes.values():
            self._wait_for_event(waiting, tape)
        while waiting:
            _, run_id, attempt = heapq.heappop(waiting)
            self._take(self.tapes[run_id, attempt])
            self._wait_for_event(waiting, self.tapes[run_id, attempt])

    def finish(self) -> None:
        """Note how far the journals are read, and what could not be read."""
        for tape in self.tapes.values():
            if tape.attempt and tape.reader.offset:
                cursor = JournalCursorRow(run_id=tape.run_id, attempt=tape.attempt)
                cursor.offset, cursor.seq = tape.reader.offset, tape.reader.seq
                self._write.session.add(cursor)
            self.played.problems += tape.problems
        self._write.session.flush()

    @property
    def newest_id(self) -> int:
        """No event has a higher id."""
        return self._next_id - 1

    # -- one journal

    def _play_event(self, run_id: int, attempt: int, seq: int, ident: int) -> None:
        """Store everything of a journal up to an event, and the event under its id."""
        tape = self.tapes.get((run_id, attempt))
        if tape is None:
            self._problem(f"run {run_id}: the journal of attempt {attempt} is missing")
            self.tapes[run_id, attempt] = Tape(self._runs_dir / "missing", run_id, attempt, 0)
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
            tape = self.tapes.get(place)
            if tape is None:
                continue
            while (found := tape.peek()) is not None and found.seq <= seq:
                if not isinstance(found.body, Points):
                    break  # an event has its own turn
                self._take(tape)
            self._store_points(tape)

    def _wait_for_event(self, waiting: list[tuple[str, int, int]], tape: Tape) -> None:
        while (found := tape.peek()) is not None:
            if isinstance(found.body, dict):
                at = str(found.body.get("at", ""))
                heapq.heappush(waiting, (at, tape.run_id, tape.attempt))
                break
            self._take(tape)
        self._store_points(tape)

    def _take(self, tape: Tape, ident: int | None = None) -> None:
        """Store the next record. From the first event without a known id on, all get new ones."""
        found = tape.take()
        if isinstance(found.body, Points):
            tape.blocks.append(found.body)
            if len(tape.blocks) >= BLOCKS_MAX:
                self._store_points(tape)
            return
        self._store_points(tape)
        if ident is None or self.played.new_ids:
            ident = self._next_id
            self._next_id += 1
            self.played.new_ids += 1
        run = self._rows[tape.run_id]
        record_event(
            self._write,
            run,
            attempt=tape.attempt,
            seq=found.seq,
            body=found.body,
            event_id=ident,
        )
        self._write.events.clear()
        self.played.events += 1

    def _store_points(self, tape: Tape) -> None:
        if tape.blocks:
            run = self._rows[tape.run_id]
            append_points(self._write.session, run, tape.attempt, tape.blocks)
            self.played.points += sum(block.values.size for block in tape.blocks)
            tape.blocks.clear()

    def _problem(self, text: str) -> None:
        self.played.problems.append(text)


def run_directories(runs_dir: Path) -> list[Path]:
    """The directories that belong to a run, by their name."""
    if not runs_dir.is_dir():
        return []
    return [
        path
        for path in runs_dir.iterdir()
        if path.name.isascii() and path.name.isdigit() and path.is_dir()
    ]


def read_asked(directory: Path) -> RunAsked | str:
    """What `run.json` says, checked in every field; or why it cannot be used."""
    known = {item.name for item in fields(RunAsked)}
    try:
        body: dict[str, Any] = json.loads((directory / "run.json").read_text())
        asked = ASKED.validate_python({name: body[name] for name in body if name in known})
    except FileNotFoundError:
        return "it is missing"
    except (OSError, ValueError, ValidationError, TypeError):
        return "it cannot be read"
    if str(asked.id) != directory.name or asked.steps < 1:
        return f"it belongs to run {asked.id}"
    return asked

"""Checks of the journals (M): whole, contiguous, in SQL value for value, in order."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from babysit.storage.journal import Gap

from ..errors import DatabaseCorrupt
from ..store.curves.chunks import unpack
from ..store.journals.event_ids import StoredBatch
from ..store.journals.pool import SERVER_JOURNAL
from ..store.recovery.rebuild import Replayer
from ..store.tables.runs import CheckpointRow, CommandRow, CurveChunkRow, EventRow, RunRow, Table
from ..store.tables.summaries import CurveSummaryRow
from .snapshot import RunSnapshot

Errors = list[str]
TABLES: tuple[tuple[type[Table], tuple[str, ...]], ...] = (
    (RunRow, ("id",)),
    (EventRow, ("run_id", "attempt", "seq")),
    (CommandRow, ("run_id", "id")),
    (CheckpointRow, ("id",)),
    (CurveChunkRow, ("run_id", "attempt", "series", "ordinal")),
    (CurveSummaryRow, ("run_id", "attempt", "series", "size", "ordinal")),
)
DIFFERENCES_MAX = 20  # reported for one run


def journals_are_whole(snapshot: RunSnapshot) -> tuple[int, Errors]:
    """M1: every record from 1 on, each with its checksum, as far as SQL says it has read."""
    wrong = [problem for journal in snapshot.journals.values() for problem in journal.tape.problems]
    for attempt in sorted({0, *snapshot.cursors} - set(snapshot.journals)):
        name = f"attempt-{attempt:04d}.journal" if attempt else SERVER_JOURNAL
        wrong.append(f"{snapshot.name}: {name} is missing")
    for attempt, journal in snapshot.journals.items():
        known, there = snapshot.until(attempt), journal.tape.reader.seq
        if known > there:
            wrong.append(
                f"{journal.tape.name}: SQL has read up to record {known}, it ends at {there}"
            )
        cursor = snapshot.cursors.get(attempt)
        if cursor is not None and cursor.offset > journal.tape.reader.offset and known <= there:
            wrong.append(f"{journal.tape.name}: SQL has read more bytes than there are")
    return sum(journal.records for journal in snapshot.journals.values()), wrong


def records_are_stored_once(snapshot: RunSnapshot) -> tuple[int, Errors]:
    """M2: no record has two rows."""
    places = Counter((row.attempt, row.seq) for row in snapshot.events)
    return len(places), [
        f"{snapshot.name}: record {seq} of attempt {attempt} is stored {count} times"
        for (attempt, seq), count in places.items()
        if count > 1
    ]


def steps_were_made(snapshot: RunSnapshot) -> tuple[int, Errors]:
    """M6: each attempt has a cost for every step that it made, once, and points for no other."""
    counted, wrong = 0, Errors()
    for attempt, journal in snapshot.journals.items():
        started = journal.of_kind("worker_started")
        counted += len(journal.steps)
        if not started or journal.tape.problems:
            continue
        start = int(started[0]["step"])
        if journal.steps != list(range(start + 1, start + 1 + len(journal.steps))):
            wrong.append(
                f"{snapshot.name}, attempt {attempt}: its costs are not those of every step"
            )
        outside = journal.last_step is not None and journal.last_step > snapshot.run.steps
        if outside or (journal.first_step is not None and journal.first_step < start):
            wrong.append(
                f"{snapshot.name}, attempt {attempt}: there are points outside of steps {start:,} "
                f"to {snapshot.run.steps:,}"
            )
    return counted, wrong


def ids_grow(snapshot: RunSnapshot, order: dict[tuple[int, int, int], int]) -> tuple[int, Errors]:
    """M5: a stream that resumes by an id misses nothing: ids grow, and order.journal knows them."""
    wrong, newest = Errors(), dict[int, int]()
    for row in snapshot.events:
        if row.seq <= newest.get(row.attempt, 0):
            wrong.append(f"{snapshot.name}: event {row.id} has an id out of its order")
        newest[row.attempt] = max(row.seq, newest.get(row.attempt, 0))
        if order.get((row.run_id, row.attempt, row.seq)) != row.id:
            wrong.append(f"{snapshot.name}: order.journal does not know event {row.id}")
    return len(snapshot.events), wrong


def order_of(
    order: list[StoredBatch | Gap],
) -> tuple[dict[tuple[int, int, int], int], Errors]:
    """The ids that order.journal gives, and what is damaged in it."""
    ids: dict[tuple[int, int, int], int] = {}
    wrong = Errors()
    for record in order:
        if isinstance(record, StoredBatch):
            ids.update({place[1:]: place[0] for place in record.events})
        else:
            wrong.append(f"order.journal: {record.length:,} bytes at {record.offset:,} are damaged")
    return ids, wrong


class RebuiltTables:
    """What SQL should hold of a family, made again from its directories in memory."""

    def __init__(
        self, snapshots: list[RunSnapshot], runs_dir: Path, order: list[StoredBatch | Gap]
    ) -> None:
        engine = create_engine("sqlite://", poolclass=StaticPool)
        Table.metadata.create_all(engine)
        self._session = Session(engine)
        playback = Replayer(self._session, runs_dir, first_new_id=2**52)
        playback.make_runs([snapshot.directory for snapshot in snapshots])
        for snapshot in snapshots:
            for (run_id, attempt), tape in playback.journals.items():
                if run_id == snapshot.run.id:
                    tape.until = snapshot.until(attempt)
        playback.replay(record for record in order if isinstance(record, StoredBatch))
        playback.replay_unordered()
        self._session.flush()

    def close(self) -> None:
        bind: Any = self._session.get_bind()
        self._session.close()
        bind.dispose()

    def differences(self, snapshot: RunSnapshot) -> tuple[int, Errors]:
        """M3, M4: every row of a run against the one that follows from its journals."""
        if any(journal.tape.problems for journal in snapshot.journals.values()):
            return 0, []  # reported by M1; the rows of a damaged journal cannot be compared
        held = {
            RunRow: [snapshot.run],
            EventRow: snapshot.events,
            CommandRow: snapshot.commands,
            CheckpointRow: snapshot.checkpoints,
            CurveChunkRow: snapshot.chunks,
            CurveSummaryRow: snapshot.summaries,
        }
        counted, wrong = 0, Errors()
        for table, key in TABLES:
            owner = RunRow.id if table is RunRow else table.run_id  # type: ignore[attr-defined]
            made = self._session.scalars(select(table).where(owner == snapshot.run.id))
            wrong += _compared(snapshot, _by_key(held[table], key), _by_key(made, key))
            counted += len(held[table])  # type: ignore[arg-type]
        return counted, wrong[:DIFFERENCES_MAX]


def _by_key(rows: Any, key: tuple[str, ...]) -> dict[tuple[Any, ...], Any]:
    return {tuple(getattr(row, name) for name in key): row for row in rows}


def _compared(snapshot: RunSnapshot, held: dict[Any, Any], made: dict[Any, Any]) -> Errors:
    wrong = Errors()
    for key in sorted(held.keys() | made.keys(), key=repr):
        name = _row_name(held.get(key) or made[key], key)
        if key not in held:
            wrong.append(f"{snapshot.name}: {name} is missing in SQL")
        elif key not in made:
            wrong.append(f"{snapshot.name}: SQL has {name}, its journals do not")
        else:
            wrong += [
                f"{snapshot.name}: {name}: {what}" for what in _differences(held[key], made[key])
            ]
    return wrong


def _row_name(row: Table, key: tuple[Any, ...]) -> str:
    """How a row is called in a sentence: its table, and its place in the run."""
    place = key if len(key) == 1 else key[1:]
    return f"{row.__tablename__} {'/'.join(str(part) for part in place)}"


@cache
def _attributes(table: type[Table]) -> tuple[tuple[str, str], ...]:
    """The name of each attribute of a table, and of its column."""
    return tuple((item.key, item.columns[0].name) for item in table.__mapper__.column_attrs)


def _differences(held: Table, made: Table) -> Errors:
    found = Errors()
    for name, column in _attributes(type(held)):
        one, other = getattr(held, name), getattr(made, name)
        if isinstance(held, CurveChunkRow) and name == "data":
            found += _curves_differ(one, other)
        elif isinstance(one, bytes):
            if one != other:
                found.append(f"{column} is not what follows from the journals")
        elif repr(one) != repr(other):  # repr tells every float apart, and 1 from True
            found.append(f"{column} is {_short(one)}, the journals say {_short(other)}")
    return found


def _curves_differ(one: bytes, other: bytes) -> Errors:
    """Bit for bit, whatever way it was compressed."""
    try:
        held = unpack(one)
    except DatabaseCorrupt:
        return ["its data cannot be read"]
    made = unpack(other)
    if len(held) != len(made) or held.steps.tobytes() != made.steps.tobytes():
        return ["its steps differ from the journal's"]
    bits = held.values.view("<i8") != made.values.view("<i8")
    if not bits.any():
        return []
    first = int(bits.argmax())
    have, want = (float(curve.values[first]) for curve in (held, made))
    return [f"at step {held.steps[first]:,} it has {have!r}, the journal {want!r}"]


def _short(value: Any) -> str:
    text = repr(getattr(value, "value", value))
    return text if len(text) <= 80 else text[:77] + "..."

"""Checks of the journals (M): whole, contiguous, in SQL value for value, in order."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from app.errors import Damaged
from app.store.chunks import unpack
from app.store.order import Stored
from app.store.rebuild import Playback
from app.store.tables import (
    CheckpointRow,
    CommandRow,
    CurveChunkRow,
    EventRow,
    RunRow,
    Table,
)
from app.verify.look import Look
from babysit.journal import Gap

Wrong = list[str]
TABLES: tuple[tuple[type[Table], tuple[str, ...]], ...] = (
    (RunRow, ("id",)),
    (EventRow, ("run_id", "attempt", "seq")),
    (CommandRow, ("run_id", "id")),
    (CheckpointRow, ("id",)),
    (CurveChunkRow, ("run_id", "attempt", "series", "ordinal")),
)
DIFFERENCES_MAX = 20  # told of one run


def journals_are_whole(look: Look) -> tuple[int, Wrong]:
    """M1: every record from 1 on, each with its checksum, as far as SQL says it has read."""
    wrong = [problem for journal in look.journals.values() for problem in journal.tape.problems]
    for attempt in sorted({0, *look.cursors} - set(look.journals)):
        name = f"attempt-{attempt:04d}.journal" if attempt else "server.journal"
        wrong.append(f"{look.name}: {name} is missing")
    for attempt, journal in look.journals.items():
        known, there = look.until(attempt), journal.tape.reader.seq
        if known > there:
            wrong.append(
                f"{journal.tape.name}: SQL has read up to record {known}, it ends at {there}"
            )
        cursor = look.cursors.get(attempt)
        if cursor is not None and cursor.offset > journal.tape.reader.offset and known <= there:
            wrong.append(f"{journal.tape.name}: SQL has read more bytes than there are")
    return sum(journal.records for journal in look.journals.values()), wrong


def records_are_stored_once(look: Look) -> tuple[int, Wrong]:
    """M2: no record has two rows."""
    places = Counter((row.attempt, row.seq) for row in look.events)
    return len(places), [
        f"{look.name}: record {seq} of attempt {attempt} is stored {count} times"
        for (attempt, seq), count in places.items()
        if count > 1
    ]


def steps_were_made(look: Look) -> tuple[int, Wrong]:
    """M6: each attempt has a cost for every step that it made, once, and points for no other."""
    counted, wrong = 0, Wrong()
    for attempt, journal in look.journals.items():
        started = journal.of_kind("worker_started")
        counted += len(journal.steps)
        if not started or journal.tape.problems:
            continue
        start = int(started[0]["step"])
        if journal.steps != list(range(start + 1, start + 1 + len(journal.steps))):
            wrong.append(f"{look.name}, attempt {attempt}: its costs are not those of every step")
        outside = journal.last_step is not None and journal.last_step > look.run.steps
        if outside or (journal.first_step is not None and journal.first_step < start):
            wrong.append(
                f"{look.name}, attempt {attempt}: there are points outside of steps {start:,} to "
                f"{look.run.steps:,}"
            )
    return counted, wrong


def ids_grow(look: Look, order: dict[tuple[int, int, int], int]) -> tuple[int, Wrong]:
    """M5: a stream that resumes by an id misses nothing: ids grow, and order.journal knows them."""
    wrong, newest = Wrong(), dict[int, int]()
    for row in look.events:
        if row.seq <= newest.get(row.attempt, 0):
            wrong.append(f"{look.name}: event {row.id} has an id out of its order")
        newest[row.attempt] = max(row.seq, newest.get(row.attempt, 0))
        if order.get((row.run_id, row.attempt, row.seq)) != row.id:
            wrong.append(f"{look.name}: order.journal does not know event {row.id}")
    return len(look.events), wrong


def order_of(
    order: list[Stored | Gap],
) -> tuple[dict[tuple[int, int, int], int], Wrong]:
    """The ids that order.journal gives, and what is damaged in it."""
    ids: dict[tuple[int, int, int], int] = {}
    wrong = Wrong()
    for record in order:
        if isinstance(record, Stored):
            ids.update({place[1:]: place[0] for place in record.events})
        else:
            wrong.append(f"order.journal: {record.length:,} bytes at {record.offset:,} are damaged")
    return ids, wrong


class Refolded:
    """What SQL should hold of a family, made again from its directories in memory."""

    def __init__(self, looks: list[Look], runs_dir: Path, order: list[Stored | Gap]) -> None:
        engine = create_engine("sqlite://", poolclass=StaticPool)
        Table.metadata.create_all(engine)
        self._session = Session(engine)
        playback = Playback(self._session, runs_dir, first_new_id=2**52)
        playback.make_runs([look.directory for look in looks])
        for look in looks:
            for (run_id, attempt), tape in playback.tapes.items():
                if run_id == look.run.id:
                    tape.until = look.until(attempt)
        playback.play(record for record in order if isinstance(record, Stored))
        playback.play_the_rest()
        self._session.flush()

    def close(self) -> None:
        bind: Any = self._session.get_bind()
        self._session.close()
        bind.dispose()

    def differences(self, look: Look) -> tuple[int, Wrong]:
        """M3, M4: every row of a run against the one that follows from its journals."""
        if any(journal.tape.problems for journal in look.journals.values()):
            return 0, []  # told already; what follows from a journal with holes is another thing
        held = {
            RunRow: [look.run],
            EventRow: look.events,
            CommandRow: look.commands,
            CheckpointRow: look.checkpoints,
            CurveChunkRow: look.chunks,
        }
        counted, wrong = 0, Wrong()
        for table, key in TABLES:
            owner = RunRow.id if table is RunRow else table.run_id  # type: ignore[attr-defined]
            made = self._session.scalars(select(table).where(owner == look.run.id))
            wrong += _compared(look, _by_key(held[table], key), _by_key(made, key))
            counted += len(held[table])  # type: ignore[arg-type]
        return counted, wrong[:DIFFERENCES_MAX]


def _by_key(rows: Any, key: tuple[str, ...]) -> dict[tuple[Any, ...], Any]:
    return {tuple(getattr(row, name) for name in key): row for row in rows}


def _compared(look: Look, held: dict[Any, Any], made: dict[Any, Any]) -> Wrong:
    wrong = Wrong()
    for key in sorted(held.keys() | made.keys(), key=repr):
        name = _row_name(held.get(key) or made[key], key)
        if key not in held:
            wrong.append(f"{look.name}: {name} is missing in SQL")
        elif key not in made:
            wrong.append(f"{look.name}: SQL has {name}, its journals do not")
        else:
            wrong += [f"{look.name}: {name}: {what}" for what in _differences(held[key], made[key])]
    return wrong


def _row_name(row: Table, key: tuple[Any, ...]) -> str:
    """How a row is called in a sentence: its table, and its place in the run."""
    place = key if len(key) == 1 else key[1:]
    return f"{row.__tablename__} {'/'.join(str(part) for part in place)}"


def _differences(held: Table, made: Table) -> Wrong:
    found = Wrong()
    for column in held.__table__.columns:
        name = next(
            item.key for item in type(held).__mapper__.column_attrs if column in item.columns
        )
        one, other = getattr(held, name), getattr(made, name)
        if isinstance(held, CurveChunkRow) and name == "data":
            found += _curves_differ(one, other)
        elif repr(one) != repr(other):  # repr tells every float apart, and 1 from True
            found.append(f"{column.name} is {_short(one)}, the journals say {_short(other)}")
    return found


def _curves_differ(one: bytes, other: bytes) -> Wrong:
    """Bit for bit, whatever way it was compressed."""
    try:
        held = unpack(one)
    except Damaged:
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

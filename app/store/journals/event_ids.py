"""The order of what was stored: ids of events, and answers to keyed requests, stored outside SQL.

`order.journal` in the data directory gets one record for each transaction that gave events their
ids. With it a rebuilt database numbers events as the lost one did, and lets a stream go on from
the id it heard last.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from babysit.storage.journal import Gap, JournalReader, JournalWriter, encode_event

from ..tables.runs import EventRow, IdempotencyKeyRow, JournalCursorRow

NAME = "order.journal"
KIND = "stored"
EVENTS_PER_RECORD_MAX = 1_000

READ_SO_FAR = select(JournalCursorRow.run_id, JournalCursorRow.attempt, JournalCursorRow.seq).where(
    JournalCursorRow.run_id.in_(bindparam("run_ids", expanding=True))
)


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """What one transaction stored.

    events: (id, run, attempt, seq), ids ascending.
    read: (run, attempt) -> seq up to which the journals of these runs had been read by then.
    answered: an answer to a request with a key, as a row of `idempotency_keys`.
    """

    events: list[tuple[int, int, int, int]] = field(default_factory=list)
    read: dict[tuple[int, int], int] = field(default_factory=dict)
    answered: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        read = [[run_id, attempt, seq] for (run_id, attempt), seq in self.read.items()]
        known = {"kind": KIND, "events": [list(place) for place in self.events], "read": read}
        return known if self.answered is None else {**known, "answered": self.answered}

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> StoredBatch:
        """Raises: ValueError, TypeError, KeyError: the record has another form."""
        return cls(
            [(int(ident), int(run), int(a), int(seq)) for ident, run, a, seq in body["events"]],
            {(int(run), int(attempt)): int(seq) for run, attempt, seq in body["read"]},
            body.get("answered"),
        )

    def __bool__(self) -> bool:
        return bool(self.events) or self.answered is not None


def read_order(path: Path) -> Iterator[StoredBatch | Gap]:
    """All records, and in between what is damaged."""
    reader = JournalReader(path)
    while records := reader.read():
        for record in records:
            if isinstance(record, Gap):
                yield record
            elif isinstance(record.body, dict) and record.body["kind"] == KIND:
                try:
                    yield StoredBatch.from_json(record.body)
                except (ValueError, TypeError, KeyError):
                    yield Gap(reader.offset, 0, 1)


def newest_event_id(path: Path) -> int:
    """The highest event id in the file; 0 for none."""
    records = (record for record in read_order(path) if isinstance(record, StoredBatch))
    return max((place[0] for record in records for place in record.events), default=0)


class EventIdLog:
    """Appends to `order.journal`. Not safe for threads: used by the one writer only.

    is_behind: SQL has something that could not be appended; `complete` makes it good.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_lagging = False
        self._writer: JournalWriter | None = None
        self._last_id = 0
        self._last_answer_s = 0.0
        self._unsynced = False

    def append(self, stored: StoredBatch) -> None:
        """Write down one transaction.

        Raises:
            OSError: the disk is full or broken; nothing was written.
        """
        self._opened().append([encode_event(stored.to_json())])
        self._note(stored)
        self._unsynced = True

    def sync(self) -> None:
        """Put on the disk what was appended since the last call."""
        if self._unsynced:
            self._opened().sync()
            self._unsynced = False

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def complete(self, session: Session) -> None:
        """Append what SQL has and this journal lacks.

        Raises:
            OSError: the disk is full or broken.
        """
        self._opened()
        while stored := _stored_after(session, self._last_id):
            self.append(stored)
        newer = select(IdempotencyKeyRow).where(
            IdempotencyKeyRow.created_at_s > self._last_answer_s
        )
        for row in session.scalars(newer.order_by(IdempotencyKeyRow.created_at_s)):
            self.append(StoredBatch(answered=_answered(row)))
        self.is_lagging = False

    def last_id(self) -> int:
        """The highest event id that was ever written down."""
        self._opened()
        return self._last_id

    def _opened(self) -> JournalWriter:
        if self._writer is None:
            self._last_id, self._last_answer_s = 0, 0.0
            for record in read_order(self.path):
                if isinstance(record, StoredBatch):
                    self._note(record)
            self._writer = JournalWriter(self.path)
        return self._writer

    def _note(self, stored: StoredBatch) -> None:
        self._last_id = max(self._last_id, *(place[0] for place in stored.events), 0)
        if stored.answered is not None:
            self._last_answer_s = max(self._last_answer_s, stored.answered["created_at_s"])


def read_up_to(session: Session, run_ids: set[int]) -> dict[tuple[int, int], int]:
    """How far the workers' journals of some runs have been read, by record."""
    found = session.execute(READ_SO_FAR, {"run_ids": list(run_ids)})
    return {(run_id, attempt): seq for run_id, attempt, seq in found}


def _stored_after(session: Session, event_id: int) -> StoredBatch:
    place = (EventRow.id, EventRow.run_id, EventRow.attempt, EventRow.seq)
    query = select(*place).where(EventRow.id > event_id).order_by(EventRow.id)
    found = session.execute(query.limit(EVENTS_PER_RECORD_MAX))
    events = [(ident, run, attempt, seq) for ident, run, attempt, seq in found]
    return StoredBatch(events, read_up_to(session, {run_id for _, run_id, _, _ in events}))


def _answered(row: IdempotencyKeyRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in IdempotencyKeyRow.__table__.columns.keys()}  # noqa: SIM118


def number_events_after(session: Session, event_id: int) -> None:
    """Make the database give the next event an id above this one, whatever ids it gave before."""
    if session.get_bind().dialect.name == "postgresql":
        last = "(SELECT last_value FROM events_id_seq)"
        session.execute(
            text(f"SELECT setval('events_id_seq', GREATEST(:id, {last}))"), {"id": event_id}
        )
        return
    found = session.execute(
        text("UPDATE sqlite_sequence SET seq = max(seq, :id) WHERE name = 'events'"),
        {"id": event_id},
    )
    if not found.rowcount:  # type: ignore[attr-defined]
        insert = text("INSERT INTO sqlite_sequence (name, seq) VALUES ('events', :id)")
        session.execute(insert, {"id": event_id})

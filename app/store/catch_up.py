"""After a crash, journal and SQL get from each other what the other one has: once, in order."""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy import select

from app.store.apply import record_event
from app.store.events import head
from app.store.order import number_events_after
from app.store.store import Store
from app.store.tables import EventRow, RunRow
from babysit.journal import Frame, JournalReader

log = logging.getLogger(__name__)


def catch_up(store: Store) -> None:
    """Append what could not be appended when it was said, and put all of it on the disk."""
    with store.lock:
        for run_id in sorted(store.behind):
            compare(store, run_id)
        try:
            if store.order.is_behind:
                compare_order(store)
            store.journals.sync()
            store.order.sync()
        except OSError as error:
            log.warning("the server's journals cannot be synced: %s", error)


def compare_all(store: Store) -> None:
    """After a start, for every run there is."""
    with store.reading() as session:
        run_ids = list(session.scalars(select(RunRow.id).order_by(RunRow.id)))
    with store.lock:
        try:
            compare_order(store)
        except OSError as error:
            log.warning("order.journal cannot be read or written: %s", error)
            store.order.is_behind = True
    for run_id in run_ids:
        with store.lock:
            compare(store, run_id)


def compare_order(store: Store) -> None:
    """Write down the ids that SQL gave, and see that none is given twice.

    Raises:
        OSError: `order.journal` cannot be read or written.
    """
    with store.writing() as write:
        known, newest = store.order.last_id(), head(write.session)
        if known > newest:  # an older database was put back: what it reads again is told anew
            number_events_after(write.session, known)
        store.order.complete(write.session)


def compare(store: Store, run_id: int) -> None:
    """Bring `server.journal` and SQL to the same record."""
    with store.reading() as session:
        known = session.scalar(select(RunRow.server_seq).where(RunRow.id == run_id)) or 0
    try:
        written = store.journals.seq(run_id)
        if written > known:
            _read_back(store, run_id, known)
        elif written < known:
            store.journals.append(run_id, _events_after(store, run_id, written))
        store.behind.discard(run_id)
    except OSError as error:
        log.warning("run %d: its server.journal cannot be read or written: %s", run_id, error)


def _events_after(store: Store, run_id: int, seq: int) -> list[dict[str, Any]]:
    with store.reading() as session:
        wanted = (
            select(EventRow.body)
            .where(EventRow.run_id == run_id, EventRow.attempt == 0, EventRow.seq > seq)
            .order_by(EventRow.seq)
        )
        return list(session.scalars(wanted))


def _read_back(store: Store, run_id: int, known: int) -> None:
    """Take from the journal what SQL does not know: an older database was put back."""
    reader = JournalReader(store.journals.directory(run_id) / "server.journal")
    while records := reader.read():
        with store.writing() as write:
            run = write.session.get_one(RunRow, run_id)
            for record in records:
                if not isinstance(record, Frame) or not isinstance(record.body, dict):
                    continue
                if record.seq > known:
                    record_event(write, run, attempt=0, seq=record.seq, body=record.body)
            write.events = []  # nothing to append: the journal has them

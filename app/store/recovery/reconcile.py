"""After a crash, copies what the journal lacks from SQL, and what SQL lacks from the journal."""

from __future__ import annotations

import logging
import sqlite3
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from babysit.storage.journal import Frame, JournalReader, last_seq

from ..events import head
from ..journals.event_ids import number_events_after
from ..journals.pool import SERVER_JOURNAL
from ..runs.projection import record_event
from ..store import Store
from ..tables.runs import EventRow, RunRow

log = logging.getLogger(__name__)


def reconcile(store: Store) -> None:
    """Append what could not be appended when it was said, and put all of it on the disk."""
    store.clock.save_if_due()
    with store.lock:
        if store.database.is_replaced():
            _write_database_again(store)
        for run_id in sorted(store.lagging_runs):
            reconcile_run(store, run_id)
        try:
            if store.event_ids.is_lagging:
                reconcile_event_ids(store)
            store.journals.sync()
            store.event_ids.sync()
        except OSError as error:
            log.warning("the server's journals cannot be synced: %s", error)


def _write_database_again(store: Store) -> None:
    try:
        store.database.write_again()
    except (OSError, sqlite3.Error, DBAPIError) as error:
        log.warning("the database file is gone and cannot be written again: %s", error)
    else:
        if not store.database.is_replaced():
            log.warning("The database file was deleted; it was written again.")


def reconcile_all(store: Store) -> None:
    """After a start, for every run there is."""
    with store.reading() as session:
        known = session.execute(select(RunRow.id, RunRow.server_seq).order_by(RunRow.id)).all()
    with store.lock:
        try:
            reconcile_event_ids(store)
        except OSError as error:
            log.warning("order.journal cannot be read or written: %s", error)
            store.event_ids.is_lagging = True
    for run_id, seq in known:
        # Of thousands of runs, almost all are as they were: that is seen without opening each.
        if last_seq(f"{store.runs_dir}/{run_id}/{SERVER_JOURNAL}") != seq:
            with store.lock:
                reconcile_run(store, run_id)


def reconcile_event_ids(store: Store) -> None:
    """Write down the ids that SQL gave, and see that none is given twice.

    Raises:
        OSError: `event_ids.journal` cannot be read or written.
    """
    with store.writing() as tx:
        known, newest = store.event_ids.last_id(), head(tx.session)
        if known > newest:  # an older database was restored: its events are published again
            number_events_after(tx.session, known)
        store.event_ids.complete(tx.session)


def reconcile_run(store: Store, run_id: int) -> None:
    """Bring `server.journal` and SQL to the same record."""
    with store.reading() as session:
        known = session.scalar(select(RunRow.server_seq).where(RunRow.id == run_id)) or 0
    try:
        written = store.journals.seq(run_id)
        if written > known:
            _replay_from_journal(store, run_id, known)
        elif written < known:
            store.journals.append(run_id, _events_after(store, run_id, written))
        store.lagging_runs.discard(run_id)
    except OSError as error:
        log.warning("run %d: its server.journal cannot be read or written: %s", run_id, error)


def _events_after(store: Store, run_id: int, seq: int) -> list[dict[str, Any]]:
    with store.reading() as session:
        query = (
            select(EventRow.body)
            .where(EventRow.run_id == run_id, EventRow.attempt == 0, EventRow.seq > seq)
            .order_by(EventRow.seq)
        )
        return list(session.scalars(query))


def _replay_from_journal(store: Store, run_id: int, known: int) -> None:
    """Take from the journal what SQL does not know: an older database was put back."""
    reader = JournalReader(store.journals.directory(run_id) / SERVER_JOURNAL)
    while records := reader.read():
        with store.writing() as tx:
            run = tx.session.get_one(RunRow, run_id)
            for record in records:
                if not isinstance(record, Frame) or not isinstance(record.body, dict):
                    continue
                if record.seq > known:
                    record_event(tx, run, attempt=0, seq=record.seq, body=record.body)
            tx.events = []  # nothing to append: the journal has them

"""After a power cut or a restored backup: brings SQL back to journals that hold less than it.

A worker syncs its points once a second, and SQL syncs at each commit, so after a power cut SQL may
know points, and in a backup whose database was copied last even events, that no journal holds. The
journals are the source of truth.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from babysit.protocol.events import Warned
from babysit.storage.journal import Gap, JournalReader

from ..events import head
from ..journals.event_ids import StoredBatch, number_events_after, read_order
from ..runs.projection import emit
from ..runs.runs import find_run
from ..store import Store, Transaction
from ..tables.runs import (
    CheckpointRow,
    CommandRow,
    CurveChunkRow,
    EventRow,
    JournalCursorRow,
    RunRow,
)
from ..tables.summaries import CurveSummaryRow
from .integrity import file_of
from .rebuild import Replayer
from .reconcile import reconcile_event_ids

OF_A_RUN = (
    EventRow,
    CommandRow,
    CheckpointRow,
    CurveChunkRow,
    CurveSummaryRow,
    JournalCursorRow,
)

log = logging.getLogger(__name__)


class Ahead(NamedTuple):
    """A journal of which SQL knows more than there is: records after `seq`, up to `known`."""

    run_id: int
    attempt: int
    seq: int
    known: int


def rewind_all(store: Store) -> None:
    """After a start, before any journal is read on: make SQL follow from the journals again."""
    with store.reading() as session:
        ahead = list(_ahead(session, store.runs_dir))
        families = {
            family_id: [place for place in ahead if place.run_id in run_ids]
            for family_id, run_ids in _families(session, {place.run_id for place in ahead}).items()
        }
        lost_events = any(_events_lost(session, place) for place in ahead)
    if lost_events:
        _keep_copy(store)
    for family_id, places in families.items():
        with store.writing() as tx:
            _replay_family(store, tx, family_id)
            for place in places:
                _tell(tx, place)
    if ahead:
        with store.lock:
            try:
                reconcile_event_ids(store)
            except OSError as error:
                log.warning("order.journal cannot be written: %s", error)
                store.event_ids.is_lagging = True


def _ahead(session: Session, runs_dir: Path) -> Iterator[Ahead]:
    row = JournalCursorRow
    rows = session.execute(
        select(row.run_id, row.attempt, row.seq, row.offset, RunRow.status)
        .join(RunRow, RunRow.id == row.run_id)
        .order_by(row.run_id, row.attempt)
    )
    for cursor in rows:
        name = f"{runs_dir}/{cursor.run_id}/attempt-{cursor.attempt:04d}.journal"
        path = Path(name)
        reader = JournalReader(path)
        try:
            # The end of a run is synced. Before it, a file may have its length, not its content.
            if cursor.status.is_over and _has_bytes(name, cursor.offset):
                continue
            gaps = [
                record
                for records in iter(reader.read, [])
                for record in records
                if isinstance(record, Gap)
            ]
        except OSError as error:
            log.warning("run %d: its journal cannot be read: %s", cursor.run_id, error)
            continue
        if gaps and gaps[0].offset < cursor.offset:
            log.warning(
                "run %d: %s is damaged at byte %d. The database still has what is lost there: "
                "`babysit verify` names it, and `babysit rebuild` would leave it out.",
                cursor.run_id,
                path.name,
                gaps[0].offset,
            )
        if reader.seq < cursor.seq:
            yield Ahead(cursor.run_id, cursor.attempt, reader.seq, cursor.seq)


def _has_bytes(path: str, bytes_min: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.stat(path).st_size >= bytes_min
    return False


def _families(session: Session, run_ids: set[int]) -> dict[int, set[int]]:
    wanted = select(RunRow.family_id).where(RunRow.id.in_(run_ids))
    families: dict[int, set[int]] = {}
    query = select(RunRow.id, RunRow.family_id).where(RunRow.family_id.in_(wanted))
    for run_id, family_id in session.execute(query):
        families.setdefault(family_id, set()).add(run_id)
    return families


def _events_lost(session: Session, place: Ahead) -> int:
    query = select(func.count()).where(
        EventRow.run_id == place.run_id,
        EventRow.attempt == place.attempt,
        EventRow.seq > place.seq,
    )
    return session.scalar(query) or 0


def _replay_family(store: Store, tx: Transaction, family_id: int) -> None:
    """Make all rows of a family again; a fork depends on its parent's rows."""
    session = tx.session
    family = select(RunRow.id).where(RunRow.family_id == family_id).order_by(RunRow.id)
    run_ids = list(session.scalars(family))
    first_new_id = max(head(session), store.event_ids.last_id()) + 1
    for table in OF_A_RUN:
        session.execute(delete(table).where(table.run_id.in_(run_ids)))
    session.execute(delete(RunRow).where(RunRow.id.in_(run_ids)))
    session.expire_all()
    playback = Replayer(session, store.runs_dir, first_new_id)
    playback.make_runs([store.runs_dir / str(run_id) for run_id in run_ids])
    playback.replay(
        StoredBatch([place for place in record.events if place[1] in run_ids], record.read)
        for record in read_order(store.event_ids.path)
        if isinstance(record, StoredBatch)
    )
    playback.replay_unordered()
    playback.finish()
    number_events_after(session, playback.newest_id)


def _tell(tx: Transaction, place: Ahead) -> None:
    message = (
        f"The database knew {place.known - place.seq:,} records of attempt {place.attempt} that "
        "its journal does not hold, as after a power cut or in a restored backup. They are removed."
    )
    log.warning("run %d: %s", place.run_id, message)
    run = find_run(tx.session, place.run_id)
    emit(tx, run, Warned(step=run.step, message=message))


def _keep_copy(store: Store) -> None:
    """Keep a database that knows events which no journal holds."""
    file = file_of(str(store.database.writer.url))
    if file is None:
        return
    kept = file.with_name(f"{file.name}.old-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
    try:
        source, target = sqlite3.connect(file), sqlite3.connect(kept)
        try:
            source.backup(target)
        finally:
            source.close()
            target.close()
        kept.chmod(0o600)
    except (OSError, sqlite3.Error) as error:
        log.warning("a copy of the database could not be kept: %s", error)
    else:
        log.warning("A copy of the database as it was is kept as %s.", kept)

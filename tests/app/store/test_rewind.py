"""A database that knows more than the journals is brought back to them, on both databases."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.settings import Settings
from app.store.events import read_events
from app.store.recovery.reconcile import reconcile_all
from app.store.recovery.rewind import rewind_all
from app.store.runs.commands import send_command
from app.store.runs.runs import find_run, read_run
from app.store.store import Store
from app.store.tables.runs import CheckpointRow, CurveChunkRow, JournalCursorRow
from app.supervisor.ingest import Ingest
from app.verify.runner import verify
from babysit.protocol.commands import Extend
from babysit.protocol.events import CheckpointSaved
from babysit.storage.journal import HEADER
from tests.app.fake_worker import DECLARED, FakeWorker


def cut(journal: Path, records: int) -> None:
    """Cut off the last records, as a power cut does with what was not synced."""
    data, place, begins = journal.read_bytes(), 0, []
    while place < len(data):
        begins.append(place)
        place += HEADER.size + HEADER.unpack_from(data, place)[1]
    os.truncate(journal, begins[-records])


def state(store: Store, run_id: int) -> dict[str, Any]:
    with store.reading() as session:
        return {
            "run": read_run(session, run_id),
            "events": read_events(session, [run_id], limit=1000),
            "points": session.execute(
                select(CurveChunkRow.series, CurveChunkRow.count, CurveChunkRow.last_step)
            ).all(),
            "cursor": session.execute(select(JournalCursorRow.offset, JournalCursorRow.seq)).all(),
            "checkpoints": list(session.scalars(select(CheckpointRow.id))),
        }


def test_points_that_the_journal_lost_are_removed_and_told(store: Store, run_id: int) -> None:
    directory = store.runs_dir / str(run_id)
    worker = FakeWorker(directory)
    worker.record(1, [0.5, 0.25])
    with store.writing() as tx:
        send_command(tx, run_id, Extend(steps=2000), DECLARED)
    Ingest(store).read_to_end(run_id, 1)
    before = state(store, run_id)
    worker.record(3, [0.1])
    worker.record(4, [0.05])
    Ingest(store).read_to_end(run_id, 1)
    worker.close()
    cut(directory / "attempt-0001.journal", 2)

    reconcile_all(store)
    rewind_all(store)

    after = state(store, run_id)
    told = after["events"].pop()
    assert told["kind"] == "warned"
    assert "knew 2 records of attempt 1" in told["message"]
    for changed in ("last_event_id", "server_seq"):
        after["run"].pop(changed, None)
        before["run"].pop(changed, None)
    assert after == before  # with the ids of all events
    rewind_all(store)  # there is nothing more to do
    assert len(state(store, run_id)["events"]) == len(before["events"]) + 1


def test_events_that_the_journal_lost_are_removed_and_the_database_is_kept(
    store: Store, run_id: int, tmp_path: Path
) -> None:
    """In a backup whose database was copied last."""
    directory = store.runs_dir / str(run_id)
    worker = FakeWorker(directory)
    worker.record(1, [0.5])
    worker.emit(
        CheckpointSaved(
            step=1,
            checkpoint_id=run_id * 1_000_000 + 1,
            directory="1",
            cause="timer",
            val_cost=None,
            bytes=1,
            weights_sha256="",
            state_sha256="",
        )
    )
    Ingest(store).read_to_end(run_id, 1)
    worker.close()
    newest = state(store, run_id)["events"][-1]["id"]
    cut(directory / "attempt-0001.journal", 1)

    rewind_all(store)

    after = state(store, run_id)
    assert after["checkpoints"] == []
    assert [event["kind"] for event in after["events"]][-2:] == ["status_changed", "warned"]
    assert after["events"][-1]["id"] > newest, "an id is never given twice"
    if store.database.is_sqlite:
        (kept,) = tmp_path.glob("test.sqlite.old-*")
        assert kept.stat().st_mode & 0o077 == 0


def test_other_families_are_not_touched(store: Store, run_id: int) -> None:
    worker = FakeWorker(store.runs_dir / str(run_id))
    worker.record(1, [0.5])
    Ingest(store).read_to_end(run_id, 1)
    worker.close()
    before = state(store, run_id)

    rewind_all(store)

    assert state(store, run_id) == before
    with store.reading() as session:
        assert find_run(session, run_id).id == run_id


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_verify_is_content_afterwards(
    store: Store, run_id: int, tmp_path: Path, database_url: str
) -> None:
    directory = store.runs_dir / str(run_id)
    worker = FakeWorker(directory)
    for step in range(1, 6):
        worker.record(step, [0.5])
    Ingest(store).read_to_end(run_id, 1)
    worker.close()
    cut(directory / "attempt-0001.journal", 3)

    reconcile_all(store)
    rewind_all(store)
    said: list[str] = []
    settings = Settings(data_dir=tmp_path, database_url=database_url)
    verify(settings, None, deep=False, report=said.append)

    wrong = [line for line in said if line.startswith("WRONG")]
    assert [line.split()[1] for line in wrong] in ([], ["R1"])  # no worker holds the lock

"""Journals become SQL exactly once, whatever fails in between, on both databases."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event, func, select

from app.store.committed import Committed
from app.store.curves.curves import lineage, read_curves
from app.store.events import read_events
from app.store.recovery.reconcile import reconcile, reconcile_all
from app.store.runs import projection
from app.store.runs.commands import read_command, send_command
from app.store.runs.runs import find_run, read_run
from app.store.store import Store
from app.store.tables.runs import EventRow, JournalCursorRow
from app.supervisor import ingest as ingest_module
from app.supervisor.ingest import Ingest
from babysit.protocol.commands import Extend, Set, Stop
from babysit.protocol.events import (
    Applied,
    Changed,
    GuardTripped,
    NoteAdded,
    Refused,
    StatusChanged,
)
from babysit.protocol.serialization import to_json
from babysit.protocol.status import RunStatus
from babysit.storage.journal import Frame, JournalReader, JournalWriter, encode_event
from tests.app.fake_worker import DECLARED, FakeWorker


def directory(store: Store, run_id: int) -> Path:
    return store.runs_dir / str(run_id)


def kinds(store: Store, run_id: int) -> list[str]:
    with store.reading() as session:
        return [event["kind"] for event in read_events(session, [run_id], limit=1000)]


def costs(store: Store, run_id: int) -> list[float]:
    with store.reading() as session:
        line = lineage(session, find_run(session, run_id), family=False)
        values: list[float] = read_curves(session, line, ["train/cost"])[
            "train/cost"
        ].values.tolist()
    return values


def sent_to_worker(store: Store, run_id: int) -> list[dict[str, Any]]:
    """The commands in the run's server.journal."""
    records = JournalReader(directory(store, run_id) / "server.journal").read()
    bodies = [item.body for item in records if isinstance(item, Frame)]
    return [
        body for body in bodies if isinstance(body, dict) and body.get("kind") == "command_sent"
    ]


def test_what_a_worker_writes_is_in_sql_once(store: Store, run_id: int) -> None:
    worker = FakeWorker(directory(store, run_id))
    worker.record(1, [0.5, 0.25])

    for _ in range(3):
        Ingest(store).read_to_end(run_id, 1)

    assert costs(store, run_id) == [0.5, 0.25]
    assert kinds(store, run_id) == ["status_changed", "worker_started", "status_changed"]
    with store.reading() as session:
        run = read_run(session, run_id)
    assert (run["status"], run["step"], run["train_size"]) == ("running", 2, 100)
    worker.close()


@pytest.mark.parametrize("fails_at", ["append_points", "record_events", "_move_cursor"])
def test_a_failure_anywhere_in_the_transaction_leaves_nothing_behind(
    store: Store, run_id: int, fails_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = FakeWorker(directory(store, run_id))
    worker.record(1, [1.0, 2.0, 3.0])
    whole: Callable[..., object] = getattr(ingest_module, fails_at)

    def fail(*arguments: object, **named: object) -> None:
        whole(*arguments, **named)
        raise OSError("the disk is full")

    reading = Ingest(store)
    with monkeypatch.context() as patch:
        patch.setattr(ingest_module, fails_at, fail)
        with pytest.raises(OSError, match="full"):
            reading.read_to_end(run_id, 1)
    assert costs(store, run_id) == []
    reading.read_to_end(run_id, 1)

    assert costs(store, run_id) == [1.0, 2.0, 3.0]
    assert kinds(store, run_id).count("worker_started") == 1
    worker.close()


def test_the_cursor_moves_with_what_was_read(store: Store, run_id: int) -> None:
    worker = FakeWorker(directory(store, run_id))
    reading = Ingest(store)
    for step in range(1, 20):
        worker.record(step, [float(step)])
        reading.read_to_end(run_id, 1)

    with store.reading() as session:
        cursor = session.get_one(JournalCursorRow, (run_id, 1))
        assert (cursor.offset, cursor.seq) == (
            worker.journal.path.stat().st_size,
            worker.journal.seq,
        )
    assert costs(store, run_id) == [float(step) for step in range(1, 20)]
    worker.close()


def test_nan_goes_from_the_journal_to_the_answer_as_a_word(store: Store, run_id: int) -> None:
    worker = FakeWorker(directory(store, run_id))
    worker.record(1, [0.5, math.nan])
    worker.emit(
        GuardTripped(
            step=2, rule="non_finite", series="train/cost", value="NaN", message="It is NaN."
        )
    )
    worker.emit(StatusChanged(step=2, status=RunStatus.PAUSED, reason="guard"))

    Ingest(store).read_to_end(run_id, 1)

    with store.reading() as session:
        run = read_run(session, run_id)
        tripped = read_events(session, [run_id], kinds=["guard_tripped"], limit=1)[0]
    assert run["latest"]["train/cost"] == "NaN"
    assert (run["status"], run["reason"]) == ("paused", "guard")
    assert tripped["value"] == "NaN"
    worker.close()


def test_records_that_make_no_sense_are_noted_and_the_rest_is_read(
    store: Store, run_id: int
) -> None:
    worker = FakeWorker(directory(store, run_id))
    nonsense = [
        {"kind": "unheard_of", "step": 1},
        {"kind": "note_added", "step": "many", "text": 5},
        {"kind": "note_added", "step": 2**80, "text": "far"},
        {"kind": "status_changed", "step": 1, "status": "flying"},
        {"kind": "checkpoint_saved", "step": -4},
        {"kind": "changed", "step": 1, "command_id": 10**30, "before": 1},
    ]
    worker.journal.append([encode_event(body) for body in nonsense])
    worker.emit(NoteAdded(step=1, text="nul \0, surrogate \ud800 and all"))
    worker.record(1, [0.5])

    Ingest(store).read_to_end(run_id, 1)

    assert kinds(store, run_id).count("warned") == len(nonsense)
    assert "note_added" in kinds(store, run_id)
    assert costs(store, run_id) == [0.5]
    worker.close()


def test_damage_in_the_middle_is_said_and_what_follows_is_read(store: Store, run_id: int) -> None:
    worker = FakeWorker(directory(store, run_id))
    worker.record(1, [1.0])
    start = worker.journal.path.stat().st_size
    worker.record(2, [2.0])
    worker.record(3, [3.0])
    data = bytearray(worker.journal.path.read_bytes())
    data[start + 30] ^= 0xFF
    worker.journal.path.write_bytes(data)

    Ingest(store).read_to_end(run_id, 1)

    assert costs(store, run_id) == [1.0, 3.0]
    assert kinds(store, run_id)[-1] == "warned"
    worker.close()


def test_a_torn_tail_waits_for_its_rest(store: Store, run_id: int) -> None:
    worker = FakeWorker(directory(store, run_id))
    worker.record(1, [1.0])
    whole = worker.journal.path.read_bytes()
    worker.record(2, [2.0])
    longer = worker.journal.path.read_bytes()
    worker.journal.path.write_bytes(longer[:-3])
    reading = Ingest(store)
    reading.read_to_end(run_id, 1)
    assert costs(store, run_id) == [1.0]

    worker.journal.path.write_bytes(longer)
    reading.read_to_end(run_id, 1)

    assert costs(store, run_id) == [1.0, 2.0]
    assert len(whole) < len(longer)
    worker.close()


def test_a_crash_between_commit_and_journal_is_made_good_once_and_in_order(
    store: Store, run_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(steps: int) -> None:
        with store.writing() as tx:
            send_command(tx, run_id, Extend(steps=steps), DECLARED)

    send(1)
    with monkeypatch.context() as patch:
        patch.setattr(store, "_append_to_journal", lambda *arguments: None)  # the process dies here
        send(2)
        send(3)
    for _ in range(2):
        reconcile_all(store)
    send(4)

    steps = [body["command"]["steps"] for body in sent_to_worker(store, run_id)]
    assert steps == [1, 2, 3, 4]


def test_a_full_disk_delays_the_journal_and_not_the_answer(
    store: Store, run_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: JournalWriter, payloads: object) -> int:
        raise OSError(28, "No space left on device")

    def send(steps: int) -> None:
        with store.writing() as tx:
            send_command(tx, run_id, Extend(steps=steps), DECLARED)

    with monkeypatch.context() as patch:
        patch.setattr(JournalWriter, "append", full)
        send(7)
    send(8)  # there is room again, but what comes before it is not written yet
    assert store.lagging_runs == {run_id}

    reconcile(store)

    assert [body["command"]["steps"] for body in sent_to_worker(store, run_id)] == [7, 8]
    assert store.lagging_runs == set()


def test_what_could_not_be_committed_is_not_in_the_journal(store: Store, run_id: int) -> None:
    def fail(connection: object) -> None:
        raise OSError("the disk is full")

    event.listen(store.database.writer, "commit", fail)
    try:
        with pytest.raises(OSError, match="full"), store.writing() as tx:
            send_command(tx, run_id, Extend(steps=7), DECLARED)
    finally:
        event.remove(store.database.writer, "commit", fail)

    assert sent_to_worker(store, run_id) == []


def test_an_older_database_learns_from_the_journal(store: Store, run_id: int) -> None:
    store.journals.close()
    writer = JournalWriter(directory(store, run_id) / "server.journal")
    writer.append_event(to_json(NoteAdded(step=0, text="from the future of this database")))
    writer.close()

    for _ in range(2):
        reconcile_all(store)

    assert kinds(store, run_id) == ["status_changed", "note_added"]
    with store.writing() as tx:  # and it goes on behind it
        send_command(tx, run_id, Extend(steps=7), DECLARED)
    with store.reading() as session:
        wanted = select(EventRow.seq).where(EventRow.run_id == run_id).order_by(EventRow.seq)
        assert list(session.scalars(wanted)) == [1, 2, 3]


def test_every_command_has_an_answer_when_the_run_is_over(store: Store, run_id: int) -> None:
    worker = FakeWorker(directory(store, run_id))
    Ingest(store).read_to_end(run_id, 1)
    with store.writing() as tx:
        command_id = send_command(tx, run_id, Extend(steps=7), DECLARED)
    worker.emit(StatusChanged(step=9, status=RunStatus.FINISHED))

    Ingest(store).read_to_end(run_id, 1)

    assert command_id is not None
    with store.reading() as session:
        answer = read_command(session, run_id, command_id)
    assert answer["status"] == "refused"
    assert "finished" in answer["reason"]
    worker.close()


def test_of_two_answers_to_a_command_the_first_counts(store: Store, run_id: int) -> None:
    worker = FakeWorker(directory(store, run_id))
    Ingest(store).read_to_end(run_id, 1)
    with store.writing() as tx:
        command_id = send_command(tx, run_id, Extend(steps=7), DECLARED)
    assert command_id is not None
    worker.emit(
        Applied(
            step=3,
            command_id=command_id,
            command_kind="extend",
            before={"steps": 1000},
            after={"steps": 1007},
        )
    )
    worker.emit(Refused(step=4, command_id=command_id, command_kind="extend", reason="twice"))

    Ingest(store).read_to_end(run_id, 1)

    with store.reading() as session:
        answer = read_command(session, run_id, command_id)
    assert (answer["status"], answer["step"], answer["reason"]) == ("applied", 3, None)
    worker.close()


def test_a_run_that_is_over_stays_so_whatever_an_older_process_says(
    store: Store, run_id: int
) -> None:
    worker = FakeWorker(directory(store, run_id))
    worker.emit(StatusChanged(step=9, status=RunStatus.FINISHED))
    worker.emit(StatusChanged(step=9, status=RunStatus.RUNNING))

    Ingest(store).read_to_end(run_id, 1)

    with store.reading() as session:
        assert read_run(session, run_id)["status"] == "finished"
    assert kinds(store, run_id)[-2:] == ["status_changed", "status_changed"]  # both are kept
    worker.close()


def test_a_change_moves_the_values_and_keeps_base_and_effective_apart(
    store: Store, run_id: int
) -> None:
    worker = FakeWorker(directory(store, run_id))
    Ingest(store).read_to_end(run_id, 1)
    asked = Set(values={"learning_rate": 0.02, "weight_decay": 0.1}, over_steps=10)
    with store.writing() as tx:
        command_id = send_command(tx, run_id, asked, DECLARED)
    assert command_id is not None
    worker.emit(
        Changed(
            step=3,
            command_id=command_id,
            before={"learning_rate": 0.01, "weight_decay": 0.0},
            after={"learning_rate": 0.01, "weight_decay": 0.0},  # the ramp begins here
            undo_values={"learning_rate": 0.01, "weight_decay": 0.0},
            values={"learning_rate": 0.02, "weight_decay": 0.1},
            effective_step=4,
            over_steps=10,
        )
    )

    Ingest(store).read_to_end(run_id, 1)

    with store.reading() as session:
        run = read_run(session, run_id)
    assert (run["values"]["learning_rate"], run["values"]["weight_decay"]) == (0.02, 0.1)
    assert run["effective"] == {"learning_rate": 0.01, "momentum": None, "schedule_factor": 1.0}
    worker.close()


def test_news_come_after_the_commit_in_its_order(store: Store, run_id: int) -> None:
    received: list[Committed] = []
    store.publish = received.append
    worker = FakeWorker(directory(store, run_id))
    worker.record(1, [0.5])
    Ingest(store).read_to_end(run_id, 1)

    def give_up() -> None:
        with store.writing() as tx:
            projection.emit(tx, find_run(tx.session, run_id), NoteAdded(step=0, text="never said"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        give_up()

    ids = [event["id"] for committed in received for event in committed.events]
    assert ids == sorted(ids)
    assert len(ids) == 2
    assert [np.asarray(block.values).tolist() for _, block in received[0].points] == [[[0.5]]]
    worker.close()


def test_a_stop_before_the_start_ends_the_run_at_once(store: Store, run_id: int) -> None:
    with store.writing() as tx:
        waiting = send_command(tx, run_id, Extend(steps=7), DECLARED)
        stop = send_command(tx, run_id, Stop(), DECLARED)

    with store.reading() as session:
        assert read_run(session, run_id)["status"] == "stopped"
        assert read_command(session, run_id, stop or 0)["status"] == "applied"
        assert read_command(session, run_id, waiting or 0)["status"] == "refused"
        assert session.scalar(select(func.count()).select_from(EventRow)) == 6

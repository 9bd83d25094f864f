"""What is read of a journal in one go means the same as if each record had come alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from app.store.runs.runs import find_run, read_run
from app.store.store import Store
from app.store.tables.runs import CheckpointRow
from app.supervisor.ingest import Ingest
from babysit.protocol.events import Changed, CheckpointRemoved, CheckpointSaved, StatusChanged
from babysit.protocol.spec.run_spec import CHECKPOINTS_PER_RUN_MAX
from babysit.protocol.status import RunStatus
from tests.app.fake_worker import FakeWorker


@pytest.mark.parametrize("recorded", [(), (0.02,)], ids=["nothing after it", "points after it"])
def test_a_change_counts_over_the_points_before_it_however_much_is_read_at_once(
    store: Store, run_id: int, recorded: tuple[float, ...]
) -> None:
    worker = FakeWorker(store.runs_dir / str(run_id))
    worker.record(1, [0.01, 0.01], "learning_rate")
    worker.emit(
        Changed(
            step=2,
            command_id=1,
            before={"learning_rate": 0.01},
            after={"learning_rate": 0.02},
            undo_values={"learning_rate": 0.01},
            values={"learning_rate": 0.02},
            effective_step=3,
        )
    )
    worker.record(3, recorded, "learning_rate")
    worker.emit(StatusChanged(step=3, status=RunStatus.PAUSED))

    Ingest(store).read_to_end(run_id, 1)

    with store.reading() as session:
        run = read_run(session, run_id)
    assert (run["status"], run["effective"]["learning_rate"]) == ("paused", 0.02)
    worker.close()


def test_checkpoints_said_more_than_once_are_each_there_once_and_a_removed_one_is_removed(
    store: Store, run_id: int
) -> None:
    worker = FakeWorker(store.runs_dir / str(run_id))
    first = CheckpointSaved(
        step=5,
        checkpoint_id=run_id * CHECKPOINTS_PER_RUN_MAX + 1,
        directory="5",
        cause="timer",
        val_cost=None,
        bytes=1,
        weights_sha256="",
        state_sha256="",
    )
    second = replace(first, step=7, checkpoint_id=first.checkpoint_id + 1, directory="7")
    for event in (first, first, second, second):
        worker.emit(event)
    worker.emit(CheckpointRemoved(step=7, checkpoint_id=first.checkpoint_id))
    ingest = Ingest(store)
    ingest.read_to_end(run_id, 1)
    worker.emit(second)

    ingest.read_to_end(run_id, 1)

    with store.reading() as session:
        rows = session.scalars(select(CheckpointRow).order_by(CheckpointRow.id))
        assert [(row.directory, row.removed) for row in rows] == [("5", True), ("7", False)]
        assert find_run(session, run_id).checkpoint_count == 1
    worker.close()

"""What is read of a journal in one go means the same as if each record had come alone."""

from __future__ import annotations

import pytest

from app.store.runs import read_run
from app.store.store import Store
from app.supervise.ingest import Ingest
from babysit.messages import Changed, RunStatus, StatusChanged
from tests.server.fake_worker import FakeWorker


@pytest.mark.parametrize("recorded", [(), (0.02,)], ids=["nothing after it", "points after it"])
def test_a_change_counts_over_the_points_before_it_however_much_is_read_at_once(
    store: Store, run_id: int, recorded: tuple[float, ...]
) -> None:
    worker = FakeWorker(store.runs_dir / str(run_id))
    worker.record(1, [0.01, 0.01], "learning_rate")
    worker.say(
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
    worker.say(StatusChanged(step=3, status=RunStatus.PAUSED))

    Ingest(store).read_to_end(run_id, 1)

    with store.reading() as session:
        run = read_run(session, run_id)
    assert (run["status"], run["effective"]["learning_rate"]) == ("paused", 0.02)
    worker.close()

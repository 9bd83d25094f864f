"""Which checkpoints stay: the last five, the best three, and all that anybody refers to."""

from __future__ import annotations

import math
import resource
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import torch

from babysit.protocol.events import CheckpointPinned, Forked
from babysit.protocol.objective import DEFAULT, Objective
from babysit.protocol.serialization import to_json
from babysit.protocol.spec.run_spec import checkpoint_id
from babysit.protocol.status import CheckpointCause
from babysit.storage.journal import Frame, JournalReader, JournalWriter
from babysit.training.checkpoint import Snapshot
from babysit.worker.checkpoint_writer import LAST_KEPT, Saver, interval_s
from babysit.worker.recorder import LOOK_EVERY_S, Recorder
from tests.babysit.waiting import wait_until
from tests.babysit.worker_harness import Said

RUN = 3


class Keeper:
    """A real saver with its recorder, in a run's directory of its own."""

    def __init__(self, directory: Path, objective: Objective = DEFAULT) -> None:
        self.directory = directory
        self.server = JournalWriter(directory / "server.journal")
        self.recorder = Recorder(directory, 1)
        self.saver = Saver(RUN, directory / "checkpoints", self.recorder, objective=objective)

    def save(self, step: int, val_cost: float | None, cause: CheckpointCause = "timer") -> None:
        self.save_snapshot(snapshot_of(step), val_cost, cause)

    def save_snapshot(
        self, snapshot: Snapshot, val_cost: float | None = None, cause: CheckpointCause = "timer"
    ) -> None:
        self.saver.save(snapshot, cause, version=0, val_cost=val_cost)
        self.saver.wait()

    def save_accuracy(self, step: int, accuracy: float) -> None:
        self.saver.save(
            snapshot_of(step), "timer", version=0, val_cost=float(step), objective_value=accuracy
        )
        self.saver.wait()

    def left(self) -> list[int]:
        """The steps of the checkpoints on the disk."""
        return sorted(int(path.name) for path in (self.directory / "checkpoints").iterdir())

    def said(self, *kinds: str) -> list[Said]:
        self.recorder.flush()
        reader = JournalReader(self.directory / "attempt-0001.journal")
        records = reader.read()
        bodies = [record.body for record in records if isinstance(record, Frame)]
        return [body for body in bodies if isinstance(body, dict) and body["kind"] in kinds]

    def tell(self, event: CheckpointPinned | Forked) -> None:
        """As the server does; returns when the worker knows it."""
        before = set(self.recorder.kept)
        self.server.append_event(to_json(event))
        wait_until(
            lambda: True if self.recorder.kept != before else None,
            is_alive=lambda: True,
            what="the worker to read it",
        )

    def close(self) -> None:
        self.saver.close()
        self.recorder.close()
        self.server.close()


def snapshot_of(step: int) -> Snapshot:
    tensors = {"w": torch.full((2,), float(step))}
    return Snapshot(tensors, {}, {}, {"step": step, "scheduled": [], "position": {}})


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    kept = Keeper(tmp_path)
    yield kept
    kept.close()


def test_the_last_five_and_the_best_three_stay(keeper: Keeper) -> None:
    costs = [0.9, 0.1, 0.8, 0.2, 0.7, 0.3, 0.6, 0.5, 0.65, 0.55, 0.52, 0.51]
    for step, cost in enumerate(costs, 1):
        keeper.save(step, cost)

    assert keeper.left() == [2, 4, 6, 8, 9, 10, 11, 12]
    removed = [event["checkpoint_id"] for event in keeper.said("checkpoint_removed")]
    assert sorted(removed) == [checkpoint_id(RUN, step) for step in (1, 3, 5, 7)]


def test_of_another_objective_the_best_three_are_those_of_its_values(tmp_path: Path) -> None:
    accuracies = [0.1, 0.9, 0.2, math.inf, 0.8, 0.3, math.nan, 0.7, 0.65, 0.55, 0.52, 0.51]
    with closing(Keeper(tmp_path, Objective("val/accuracy", "max"))) as keeper:
        for step, accuracy in enumerate(accuracies, 1):
            keeper.save_accuracy(step, accuracy)

        assert keeper.left() == [2, 5, 8, 9, 10, 11, 12]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, None])
def test_a_cost_that_is_no_number_is_never_among_the_best(
    keeper: Keeper, bad: float | None
) -> None:
    for step, cost in enumerate([bad, 0.1, bad, 0.2, bad, 0.3, bad, bad, bad, bad, bad, bad], 1):
        keeper.save(step, cost)

    assert keeper.left() == [2, 4, 6, 8, 9, 10, 11, 12]


@pytest.mark.parametrize("cause", ["start", "change", "user", "pause", "end"])
def test_what_somebody_may_come_back_to_stays(keeper: Keeper, cause: CheckpointCause) -> None:
    keeper.save(1, None, cause)
    for step in range(2, 10):
        keeper.save(step, None)

    assert keeper.left() == [1, 5, 6, 7, 8, 9]


def test_a_pinned_one_stays_until_it_is_no_longer_pinned(keeper: Keeper) -> None:
    keeper.save(1, None)
    keeper.tell(CheckpointPinned(step=1, checkpoint_id=checkpoint_id(RUN, 1), pinned=True))
    for step in range(2, 10):
        keeper.save(step, None)
    assert keeper.left() == [1, 5, 6, 7, 8, 9]

    keeper.tell(CheckpointPinned(step=9, checkpoint_id=checkpoint_id(RUN, 1), pinned=False))
    keeper.save(10, None)
    assert keeper.left() == [6, 7, 8, 9, 10]


def test_one_that_a_fork_left_from_stays(keeper: Keeper) -> None:
    keeper.save(1, None)
    keeper.tell(Forked(step=1, checkpoint_id=checkpoint_id(RUN, 1), child_run_id=9, rewind=False))
    for step in range(2, 10):
        keeper.save(step, None)

    assert keeper.left() == [1, 5, 6, 7, 8, 9]


def test_there_are_always_five_that_were_announced(keeper: Keeper) -> None:
    """What takes the place of another is on the disk and told of before the other goes."""
    for step in range(1, 12):
        keeper.save(step, None)

    there = set[int]()
    for event in keeper.said("checkpoint_saved", "checkpoint_removed"):
        if event["kind"] == "checkpoint_saved":
            there.add(event["step"])
        else:
            there.remove(event["step"])
            assert len(there) >= LAST_KEPT


def test_a_removal_is_said_before_it_happens(keeper: Keeper) -> None:
    """A crash in between leaves bytes that nothing names, never a name without bytes."""
    said_then: dict[int, list[int]] = {}

    def look(event: str, arguments: tuple[object, ...]) -> None:
        name = Path(str(arguments[0])).name if event == "shutil.rmtree" else ""
        if name.isdigit() and Path(str(arguments[0])).is_relative_to(keeper.directory):
            removed = keeper.said("checkpoint_removed")
            said_then.setdefault(int(name), [saved["step"] for saved in removed])

    sys.addaudithook(look)  # for good, but it looks only at this test's folder
    for step in range(1, 8):
        keeper.save(step, None)

    assert said_then == {1: [1], 2: [1, 2]}


def test_a_snapshot_that_cannot_be_written_stops_nothing(keeper: Keeper) -> None:
    """Whatever the writing library raises: the next one is written, and nobody waits for ever."""
    unwritable = torch.ones(2, 3).t()  # not contiguous, which safetensors does not take
    snapshot = Snapshot({"w": unwritable}, {}, {}, {"step": 1, "scheduled": [], "position": {}})

    keeper.save_snapshot(snapshot)
    keeper.save(2, None)

    assert keeper.left() == [2]
    assert "step 1 could not be written" in keeper.said("warned")[0]["message"]
    assert [saved["step"] for saved in keeper.said("checkpoint_saved")] == [2]


@pytest.mark.parametrize(
    ("cost_s", "expected_s"), [(0.0, 10), (0.05, 10), (0.3, 30), (0.5, 50), (5.0, 55)]
)
def test_checkpoints_take_a_hundredth_of_the_time_and_risk_a_minute_at_most(
    cost_s: float, expected_s: float
) -> None:
    assert interval_s(cost_s) == pytest.approx(expected_s)


def test_what_a_checkpoint_cost_decides_when_the_next_is_due(keeper: Keeper) -> None:
    keeper.saver.save(snapshot_of(1), "timer", version=0, val_cost=None, copied_s=0.4)
    keeper.saver.wait()

    assert 40 <= keeper.saver.interval_s <= 55


def test_a_checkpoint_is_saved_though_somebody_removed_the_folder_of_them(keeper: Keeper) -> None:
    keeper.save(1, None)
    shutil.rmtree(keeper.directory / "checkpoints")

    keeper.save(2, None)

    assert keeper.left() == [2]


def test_nothing_that_fails_while_saving_ends_the_thread_that_saves(keeper: Keeper) -> None:
    """The loop waits for it: a worker would hang for ever with the lock of its run."""
    shutil.rmtree(keeper.directory / "checkpoints")
    (keeper.directory / "checkpoints").write_text("in the way")

    keeper.save(1, None)
    keeper.saver.emit_when_saved(
        lambda: CheckpointPinned(step=1 // 0, checkpoint_id=1, pinned=True)
    )
    keeper.saver.wait()
    (keeper.directory / "checkpoints").unlink()
    keeper.save(2, None)

    assert keeper.left() == [2]
    said = [body["message"] for body in keeper.said("warned")]
    assert "step 1 could not be written" in said[0]
    assert "ZeroDivisionError" in said[1]


def test_what_is_asked_is_read_after_too_many_files_were_open(keeper: Keeper) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        keeper.server.append_event(to_json(CheckpointPinned(step=1, checkpoint_id=7, pinned=True)))
        threading.Event().wait(10 * LOOK_EVERY_S)  # it looks, and can open nothing
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    keeper.tell(CheckpointPinned(step=1, checkpoint_id=8, pinned=True))

    assert keeper.recorder.failure is None
    assert keeper.recorder.kept == {7, 8}


def test_a_recorder_that_fails_says_so_to_the_loop(keeper: Keeper) -> None:
    keeper.recorder.event("not an event")  # type: ignore[arg-type]

    failure = wait_until(lambda: keeper.recorder.failure, is_alive=lambda: True, what="a failure")

    assert isinstance(failure, (TypeError, AttributeError, ValueError))

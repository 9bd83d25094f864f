"""A change that the network cannot take pauses the run before the update that raised."""

from __future__ import annotations

import json

import pytest

from babysit.protocol.commands import Pause, Resume, Set
from tests.babysit.waiting import wait_until
from tests.babysit.worker_harness import Lab, LabRun, Said

STEPS = 120
NORM = """
import os, torch
from torch import nn
from babysit.task import Data, Examples, Task

def load():
    x = torch.randn(90, 4, generator=torch.Generator().manual_seed(0))
    y = (x[:, 0] > 0).long()
    return Data(train=Examples(x[:70], y[:70]), val=Examples(x[70:], y[70:]))

def cost(output, y, values):
    if torch.is_grad_enabled() and len(y) < 4:
        raise torch.OutOfMemoryError("a batch of 3 does not fit\\nsome hint")
    if torch.is_grad_enabled() and len(y) == 64:
        os.kill(os.getpid(), 9)
    return nn.functional.cross_entropy(output, y)

TASK = Task(title="Norm", summary="", load=load, cost=cost, defaults={"batch_size": 16},
            build=lambda values: nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.3), nn.BatchNorm1d(8),
                                               nn.Linear(8, 2)))
"""


@pytest.mark.parametrize(("batch_size", "batch_now"), [(1, True), (3, True), (3, False)])
def test_a_change_that_raises_pauses_and_can_be_undone(
    lab: Lab, batch_size: int, batch_now: bool
) -> None:
    straight = lab.start(lab.task("norm", NORM), steps=STEPS).finished()
    run = lab.start("norm", steps=STEPS, max_steps_per_s=200)
    run.wait_for_step(12)
    run.do(Pause())

    changed = run.do(Set(values={"batch_size": batch_size}, batch_now=batch_now))
    run.do(Resume())
    first = run.event("guard_tripped", rule="raised_after_change")
    run.wait(lambda: paused(run, 2), "the pause")
    run.do(Resume())
    reason = run.wait(lambda: paused(run, 3), "the second pause")["reason"]

    assert ("ValueError" if batch_size == 1 else "torch.OutOfMemoryError: a batch of 3") in reason
    assert first["step"] == changed["effective_step"] - 1
    assert first["undo_values"] == changed["undo_values"] == {"batch_size": 16}
    run.do(Set(values=first["undo_values"]))
    run.do(Resume())
    again = run.finished()
    assert again.costs == straight.costs
    assert again.final_sha256 == straight.final_sha256


def paused(run: LabRun, count: int) -> Said | None:
    found = run.said("status_changed", status="paused")
    return found[count - 1] if len(found) >= count else None


def test_a_worker_that_ran_out_of_memory_after_a_change_is_replaced_and_paused(lab: Lab) -> None:
    run = lab.start(lab.task("norm", NORM), steps=1000, max_steps_per_s=4)  # time to say it
    run.wait_for_step(2)
    changed = run.do(Set(values={"batch_size": 64}, batch_now=True))
    exit_file = run.directory / "exit-0001.json"
    wait_until(lambda: exit_file.exists() or None, is_alive=lambda: True, what="the exit")
    # As the fork server writes it when it was the kernel that killed the worker.
    exit_file.write_text(json.dumps({**json.loads(exit_file.read_text()), "oom": True}))

    again = lab.next_attempt(run)

    paused_at = again.event("status_changed", status="paused")
    assert changed["step"] <= paused_at["step"] <= changed["step"] + 2  # the next epoch begins
    assert "memory ran out" in paused_at["reason"]

"""What somebody who watches a run asks for: a guard, a pace, a few steps at a time."""

from __future__ import annotations

import time

import pytest

from babysit.protocol.commands import Pause, Resume, Set
from babysit.protocol.events import Described
from tests.babysit.worker_harness import Lab, LabRun

EXPLODING = """
import torch
from torch import nn
from babysit.task import Data, Examples, Task, mean_squared_error

def load():
    ones = torch.ones(8, 1)
    return Data(train=Examples(ones, 10 * ones), val=Examples(ones, 10 * ones))

def build(values):
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)
    return network

TASK = Task(title="Exploding", summary="", kind="regression", load=load, build=build,
            cost=mean_squared_error, steps=200, evaluate_every=10,
            defaults={"learning_rate": 1.05, "momentum": 0.0})
"""
SLOWLY = 400.0


@pytest.fixture
def exploding(lab: Lab) -> str:
    """Each update makes the cost 1.2 times as large: it is finite to the end."""
    return lab.task("exploding", EXPLODING)


def trips(run: LabRun) -> list[tuple[str, int]]:
    return [(event["rule"], event["step"]) for event in run.said("guard_tripped")]


def test_a_cost_that_blows_up_pauses_the_run(lab: Lab, exploding: str) -> None:
    run = lab.start(exploding, steps=200, guard=True)
    paused = run.event("status_changed", status="paused")

    [tripped] = run.said("guard_tripped")
    assert (tripped["rule"], tripped["step"]) == ("diverged", paused["step"])
    assert paused["reason"] == "guard"
    assert 3 < tripped["value"] / run.costs[1] < 30
    assert f"at step {paused['step']}" in tripped["message"]
    assert run.checkpoints(step=paused["step"])


def test_whoever_continues_anyway_is_not_stopped_again(lab: Lab, exploding: str) -> None:
    run = lab.start(exploding, steps=200, guard=True)
    run.event("status_changed", status="paused")

    run.do(Resume())

    assert run.end()["status"] == "finished"
    assert len(trips(run)) == 1


def test_without_the_guard_it_goes_on(lab: Lab, exploding: str) -> None:
    run = lab.start(exploding, steps=200, guard=False)

    assert run.end()["status"] == "finished"
    assert trips(run) == []


def test_a_recovery_does_not_ask_again_what_was_answered(lab: Lab, exploding: str) -> None:
    run = lab.start(exploding, steps=100_000, max_steps_per_s=SLOWLY, guard=True)
    at = run.event("status_changed", status="paused")["step"]
    run.do(Resume())
    run.wait_for_step(at + 10)
    run.kill()

    again = lab.next_attempt(run)
    again.event("recovered")

    assert trips(again) == []


def test_a_resume_for_some_steps_pauses_after_them(paused: LabRun) -> None:
    at = paused.said("status_changed", status="paused")[0]["step"]

    paused.do(Resume(for_steps=3))
    again = paused.event("status_changed", status="paused", step=at + 3)

    assert again["reason"] == "user"
    assert paused.step() == at + 3


def test_a_pause_in_between_ends_the_counting(paused: LabRun) -> None:
    paused.do(Resume(for_steps=50))
    at = paused.do(Pause())["step"]

    paused.do(Resume())

    paused.wait_for_step(at + 100)


def test_the_pace_of_a_run_in_progress_can_be_changed(lab: Lab) -> None:
    run = lab.start("spirals", steps=100_000, max_steps_per_s=2.0)
    run.wait_for_step(2)

    run.tell(Described(step=0, max_steps_per_s=0.0))
    run.wait_for_step(500)
    run.tell(Described(step=0, max_steps_per_s=5.0))
    slow = run.do(Set(values={"momentum": 0.5}))["step"]
    began_s = time.monotonic()
    run.wait_for_step(slow + 6)

    assert time.monotonic() - began_s > 0.8  # of 6 steps, 5 wait for 0.2 s each

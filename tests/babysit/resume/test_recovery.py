"""A worker that died is followed by another: it restores, redoes the changes, and goes on."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest

from babysit.protocol.commands import Command, Extend, Pause, Resume, SaveCheckpoint, Set, Stop
from babysit.protocol.values import Value, Values
from tests.babysit.worker_harness import Lab, LabRun

SLOWLY = 500.0
CASES: dict[str, dict[str, Value]] = {
    "spirals": {"dropout": 0.2, "optimizer": "adam", "learning_rate": 0.005, "schedule": "cosine"},
    "digits-cnn": {"hidden_units": 4, "batch_size": 48},
}


def steering(beta: str) -> list[Command]:
    return [
        Set(values={beta: 0.97}, at_step=25, over_steps=60),
        Set(values={"batch_size": 20, "dropout": 0.4}, at_step=30, batch_now=True),
        Set(values={"weight_decay": 0.01}, at_step=115),
    ]


@pytest.mark.parametrize("task", list(CASES))
def test_a_killed_run_is_taken_up_and_comes_to_the_same_end(
    lab: Lab, draw: random.Random, task: str
) -> None:
    """Changes made by hand after the checkpoint are done again at their steps, and it is proved."""
    values: Values = {**CASES[task], "schedule_steps": 130}
    beta = "beta1" if values.get("optimizer") == "adam" else "momentum"
    run = lab.start(task, steps=130, values=values, commands=steering(beta), max_steps_per_s=SLOWLY)
    run.wait_for_step(draw.randint(32, 60))
    by_hand = run.do(Set(values={"learning_rate": 0.004}))
    extended = run.do(Extend(steps=10))
    run.wait_for_step(extended["step"] + draw.randint(5, 20))
    run.kill()

    again = lab.next_attempt(run).finished()
    whole = lab.start(
        task,
        steps=140,
        values=values,
        commands=[
            *steering(beta),
            Set(values={"learning_rate": 0.004}, at_step=by_hand["step"]),
        ],
    ).finished()

    recovered = again.said("recovered")[0]
    assert recovered["verified"] is True
    assert recovered["from_step"] <= by_hand["step"]
    assert {**run.costs, **again.costs} == whole.costs
    assert {**run.points["learning_rate"], **again.points["learning_rate"]} == whole.points[
        "learning_rate"
    ]
    assert again.checkpoints()[-1]["weights_sha256"] == whole.checkpoints()[-1]["weights_sha256"]
    assert again.final_sha256 == whole.final_sha256


def test_what_was_answered_is_not_answered_again(lab: Lab) -> None:
    run = lab.start("spirals", steps=100_000, max_steps_per_s=SLOWLY)
    run.wait_for_step(10)
    done = [
        run.send(command)
        for command in (Set(values={"learning_rate": 0.01}), SaveCheckpoint(), Pause(), Resume())
    ]
    for ident in done:
        run.answer(ident)
    run.wait_for_step(run.step() + 5)
    run.kill()
    asked_meanwhile = run.send(Set(values={"momentum": 0.5}))  # while nobody worked on it

    again = lab.next_attempt(run)
    answered = again.answer(asked_meanwhile)
    again.wait_for_step(run.step() + 5)
    again.kill()

    assert answered["step"] >= run.step()
    for ident in done:
        assert len(run.answers(ident)) == 1
        assert again.answers(ident) == []
    assert again.points["learning_rate"][again.step()] == 0.01
    assert again.points["momentum"][again.step()] == 0.5


def test_a_run_that_was_paused_is_paused_again(lab: Lab) -> None:
    run = lab.start("spirals", steps=100_000, max_steps_per_s=SLOWLY)
    run.wait_for_step(10)
    at = run.do(Pause())["step"]
    run.kill()

    again = lab.next_attempt(run)
    paused = again.event("status_changed", status="paused")
    sent = run.send(Stop())
    again.answer(sent)

    assert (paused["step"], paused["reason"]) == (at, "user")
    assert again.end()["step"] == at


UNREPEATABLE = """
import os
import torch
from torch import nn
from babysit.task import Data, Examples, Task, mean_squared_error

def load():
    x = torch.ones(40, 1)
    return Data(train=Examples(x, x), val=Examples(x, x))

def cost(output, y, values):
    return mean_squared_error(output, y, values) + os.urandom(1)[0]

TASK = Task(title="Unrepeatable", summary="", kind="regression", load=load, cost=cost,
            build=lambda values: nn.Linear(1, 1), defaults={"batch_size": 4})
"""


def test_a_repetition_that_differs_is_not_called_exact(lab: Lab) -> None:
    """Noise from outside of all generators that a checkpoint could put back."""
    run = lab.start(lab.task("unrepeatable", UNREPEATABLE), steps=90, max_steps_per_s=SLOWLY)
    run.wait_for_step(40)
    run.kill()

    again = lab.next_attempt(run).finished()

    assert again.said("recovered")[0]["verified"] is False
    (found,) = again.said("exactness")
    assert found["level"] == "approximate"
    step, recorded = re.search(  # the first one that differs, with both values
        r"recorded at step (\d+): train/cost is \S+ instead of (\S+)\.", found["reasons"][0]
    ).groups()  # type: ignore[union-attr]
    assert run.costs[int(step)] == float(recorded)
    assert found["reasons"][0] in [warned["message"] for warned in again.said("warned")]


def test_changes_of_one_step_are_redone_in_their_order(lab: Lab) -> None:
    run = lab.start("spirals", steps=100, max_steps_per_s=200.0)
    run.wait_for_step(20)
    run.do(Pause())
    for rate in (0.3, 0.2, 0.1):
        run.do(Set(values={"learning_rate": rate}))
    at = run.do(Resume())["step"]
    run.wait_for_step(at + 5)
    run.kill()
    damage_all(run)  # so that all is done again from the beginning

    again = lab.next_attempt(run).finished()

    assert again.points["learning_rate"][at + 1] == 0.1
    assert again.said("recovered")[0]["verified"] is True


def test_the_newest_checkpoint_that_is_whole_is_the_one_to_go_on_from(lab: Lab) -> None:
    run = lab.start("spirals", steps=100, max_steps_per_s=200.0)
    run.wait_for_step(10)
    saved = run.do(SaveCheckpoint())
    run.wait_for_step(saved["step"] + 5)
    run.do(SaveCheckpoint())
    run.kill()

    damage_newest(run)
    again = lab.next_attempt(run).finished()

    assert again.said("recovered")[0]["from_step"] == one_before(run) >= saved["step"]


def damage_newest(run: LabRun) -> None:
    file = run.checkpoint_path(run.checkpoints()[-1]) / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])


def damage_all(run: LabRun) -> None:
    for checkpoint in run.checkpoints():
        (run.checkpoint_path(checkpoint) / "state.json").write_text("{}")


def one_before(run: LabRun) -> int:
    step: int = run.checkpoints()[-2]["step"]
    return step


@pytest.mark.parametrize(
    ("damage", "goes_on_from"), [(damage_newest, one_before), (damage_all, lambda run: 0)]
)
def test_a_damaged_checkpoint_is_passed_over_and_said(
    lab: Lab, damage: Callable[[LabRun], None], goes_on_from: Callable[[LabRun], int]
) -> None:
    run = lab.start("spirals", steps=100, max_steps_per_s=SLOWLY)
    run.wait_for_step(20)
    run.do(SaveCheckpoint())
    run.wait_for_step(40)
    run.kill()

    damage(run)
    again = lab.next_attempt(run).finished()

    assert any("cannot be used" in warned["message"] for warned in again.said("warned"))
    assert again.said("recovered")[0]["from_step"] == goes_on_from(run)
    whole = lab.start("spirals", steps=100).finished()
    assert again.final_sha256 == whole.final_sha256
    assert {checkpoint["checkpoint_id"] for checkpoint in again.checkpoints()}.isdisjoint(
        checkpoint["checkpoint_id"] for checkpoint in run.checkpoints()
    )


def test_a_fork_that_was_killed_is_taken_up_with_its_own_values(lab: Lab) -> None:
    parent = lab.start("spirals", steps=20).finished()
    values: dict[str, Value] = {"learning_rate": 0.2}
    whole = lab.fork(parent, parent.checkpoints()[-1], steps=80, values=values).finished()

    fork = lab.fork(
        parent, parent.checkpoints()[-1], steps=80, values=values, max_steps_per_s=SLOWLY
    )
    fork.wait_for_step(40)
    fork.kill()

    assert lab.next_attempt(fork).finished().final_sha256 == whole.final_sha256


def test_a_change_after_a_scheduled_one_of_its_step_is_redone_after_it(lab: Lab) -> None:
    """A person pauses where a scheduled change is made, and then decides otherwise."""
    steps = range(5, 200)  # one at each, so that the pause meets one wherever it comes
    planned = [Set(values={"learning_rate": 0.01 + step / 10_000}, at_step=step) for step in steps]
    run = lab.start("spirals", steps=200, commands=planned, max_steps_per_s=100.0)
    run.wait_for_step(20)
    run.do(Pause())
    by_hand = run.do(Set(values={"learning_rate": 0.5}))
    run.do(Resume())
    run.wait_for_step(by_hand["step"] + 5)
    run.kill()
    damage_all(run)  # so that all is done again from the beginning

    again = lab.next_attempt(run).finished()

    assert run.said("changed", scheduled=True, step=by_hand["step"])
    assert run.points["learning_rate"][by_hand["step"] + 1] == 0.5
    assert again.points["learning_rate"][by_hand["step"] + 1] == 0.5
    assert again.said("recovered")[0]["verified"] is True

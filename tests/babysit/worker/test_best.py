"""The weights with the best value of the objective are kept, however a run goes and ends."""

from __future__ import annotations

import math
import shutil
import signal

import pytest
from safetensors.torch import load_file

from babysit.protocol.commands import Pause
from babysit.storage.journal import JournalWriter
from tests.babysit.worker_harness import Lab, LabRun

# The one weight goes from 0 to the target of training, 10, and passes that of validation, 2.
PASSING = """
import math
import torch
from torch import nn
from babysit.task import Data, Examples, Task, mean_squared_error

def load():
    ones = torch.ones(8, 1)
    return Data(train=Examples(ones, 10 * ones), val=Examples(ones, 2 * ones))

def build(values):
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)
    return network

CALLS = 0

def cost(output, y, values):
    global CALLS
    CALLS += 1
    RAISES
    return mean_squared_error(output, y, values)

def nearness(output, y):  # highest at 5, and not measured far above
    weight = output.mean()
    return math.nan if weight > 6 else 1 / (1 + (weight - 5).abs())

TASK = Task(title="Passing", summary="", kind="regression", load=load, build=build, cost=cost,
            metrics={"nearness": nearness}, steps=60, evaluate_every=3,
            defaults={"learning_rate": 0.01, "momentum": 0.0})
"""
PASSES_AT = 12  # the evaluation nearest to 2


def started(lab: Lab, name: str, raises: str = "pass", steps: int = 60) -> LabRun:
    return lab.start(lab.task(name, PASSING.replace("RAISES", raises)), steps=steps)


def assert_best_is_kept(run: LabRun) -> None:
    run.read()
    costs = run.points["val/cost"]
    step = min(costs, key=lambda at: costs[at])
    assert step == PASSES_AT
    [kept] = [saved for saved in run.checkpoints() if saved["step"] == step]
    assert (kept["cause"], kept["val_cost"]) == ("best", costs[step])
    weight = load_file(run.checkpoint_path(kept) / "model.safetensors")["weight"].item()
    assert (weight - 2) ** 2 == pytest.approx(costs[step])


def test_a_run_that_is_over_in_a_moment_keeps_its_best_weights(lab: Lab) -> None:
    assert_best_is_kept(started(lab, "passing").finished())


def test_so_does_one_whose_task_raises(lab: Lab) -> None:
    run = started(lab, "raising", 'if CALLS > 45: raise ValueError("enough")')

    assert run.end()["status"] == "failed"
    assert_best_is_kept(run)


def test_what_is_on_the_disk_up_to_a_pause_includes_the_best(lab: Lab) -> None:
    run = started(lab, "paused", steps=1_000_000)
    run.wait_for_step(60)

    run.do(Pause())
    run.kill(signal.SIGKILL)

    assert_best_is_kept(run)


def test_a_fork_has_a_best_of_its_own(lab: Lab) -> None:
    run = started(lab, "forked").finished()
    [end] = run.checkpoints(cause="end")

    fork = lab.fork(run, end, steps=90).finished()

    fork.read()
    best = min(fork.points["val/cost"].values())
    assert best > min(run.points["val/cost"].values())
    assert best in [saved["val_cost"] for saved in fork.checkpoints()]


def assert_nearest_is_kept(run: LabRun) -> None:
    run.read()
    found = {step: value for step, value in run.points["val/nearness"].items() if value == value}
    step = max(found, key=lambda at: found[at])
    assert any(math.isnan(value) for value in run.points["val/nearness"].values())
    [kept] = [saved for saved in run.checkpoints() if saved["step"] == step]
    assert (kept["cause"], kept["objective_value"]) == ("best", found[step])
    assert kept["val_cost"] == run.points["val/cost"][step]
    state = run.state_of(kept)["best"]
    assert (state["objective"], state["mode"]) == ("val/nearness", "max")
    assert (state["value"], state["step"]) == (found[step], step)


def test_of_another_objective_the_highest_value_is_kept_and_nan_is_never_best(lab: Lab) -> None:
    task = lab.task("nearest", PASSING.replace("RAISES", "pass"))

    run = lab.start(task, steps=60, objective="val/nearness", mode="max").finished()

    assert_nearest_is_kept(run)
    assert PASSES_AT not in [saved["step"] for saved in run.checkpoints(cause="best")]


def test_a_later_attempt_goes_on_from_the_best_of_the_earlier_one(lab: Lab) -> None:
    task = lab.task("nearest-again", PASSING.replace("RAISES", "pass"))
    run = lab.start(task, steps=1_000_000, objective="val/nearness", mode="max")
    run.wait_for_step(150)
    run.do(Pause())
    assert_nearest_is_kept(run)
    run.kill(signal.SIGKILL)

    again = lab.next_attempt(run)

    again.event("status_changed", status="paused")
    state = again.state_of(again.checkpoints()[-1])["best"]
    found = {step: value for step, value in run.points["val/nearness"].items() if value == value}
    assert state["value"] == max(found.values())
    assert again.checkpoints(cause="best") == []


def test_a_run_says_that_its_objective_is_not_measured(lab: Lab) -> None:
    task = lab.task("unmeasured", PASSING.replace("RAISES", "pass"))

    run = lab.start(task, steps=12, objective="val/gone", mode="max").finished()

    run.event("warned", message="val/gone is not measured, so no checkpoint is the best.")
    assert run.checkpoints(cause="best") == []


def test_a_later_attempt_keeps_the_best_three_of_the_earlier_one(lab: Lab) -> None:
    task = lab.task("nearest-three", PASSING.replace("RAISES", "pass"))
    run = lab.start(task, steps=1_000_000, objective="val/nearness", mode="max")
    run.wait_for_step(30)
    run.do(Pause())
    run.kill(signal.SIGKILL)
    [paused] = run.checkpoints(cause="pause")
    # All nearer than a real one can be: how many of those there are depends on the time.
    values = [0.1, 0.9, 0.2, 0.8, 0.3, 0.7, 0.4, 0.5, 0.6, 0.55]
    earlier = [
        {**paused, "checkpoint_id": paused["checkpoint_id"] + number, "step": number}
        | {"directory": f"{number}-9", "cause": "timer", "objective_value": 1.0 + value}
        | {"val_cost": value}
        for number, value in enumerate(values, 1)
    ]
    journal = JournalWriter(run.directory / "attempt-0001.journal")
    for event in earlier:
        shutil.copytree(run.checkpoint_path(paused), run.checkpoint_path(event))
        journal.append_event(event)
    journal.close()

    again = lab.next_attempt(run)

    again.event("status_changed", status="paused")
    again.wait(lambda: again.said("checkpoint_removed") or None, "what retention removes")
    again.kill(signal.SIGTERM)
    again.end()
    removed = {event["checkpoint_id"] for event in again.said("checkpoint_removed")}
    steps = {event["step"] for event in earlier if event["checkpoint_id"] in removed}
    assert {1, 3, 5} <= steps
    assert not steps & {2, 4}

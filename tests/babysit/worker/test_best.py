"""The weights with the lowest validation cost are kept, however fast a run is or how it ends."""

from __future__ import annotations

import signal

import pytest
from safetensors.torch import load_file

from babysit.protocol.commands import Pause
from tests.babysit.worker_harness import Lab, LabRun

# The one weight goes from 0 to the target of training, 10, and passes that of validation, 2.
PASSING = """
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

TASK = Task(title="Passing", summary="", kind="regression", load=load, build=build, cost=cost,
            steps=60, evaluate_every=3, defaults={"learning_rate": 0.01, "momentum": 0.0})
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

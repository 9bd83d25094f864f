"""Whatever a checkpoint would forget shows: in its own hash, and in what the run does next.

Each test plants one omission into a real checkpoint, whose files are then all as its manifest
says, and continues from it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
import torch

from babysit.protocol.commands import Set
from babysit.training.checkpoint import Snapshot, load_checkpoint, write_checkpoint
from tests.babysit.worker_harness import Lab, LabRun, Said

CUT, STEPS = 23, 40  # 5 updates make an epoch, so the cut is in the middle of one


@pytest.fixture(scope="module")
def parent(shared_lab: Lab) -> LabRun:
    """A run that ended in mid-epoch, under a schedule, on a ramp, with a change to come."""
    return shared_lab.start(
        "all-random",
        steps=CUT,
        values={"schedule": "cosine", "schedule_steps": STEPS, "learning_rate": 0.05},
        commands=[
            Set(values={"momentum": 0.5}, at_step=11),
            Set(values={"weight_decay": 0.01}, at_step=17, over_steps=20),
            Set(values={"grad_clip": 0.5}, at_step=30),
        ],
    ).finished()


@pytest.fixture(scope="module")
def whole(shared_lab: Lab, parent: LabRun) -> LabRun:
    """The continuation that forgets nothing."""
    return shared_lab.fork(parent, parent.checkpoints()[-1], steps=STEPS).finished()


def with_state(snapshot: Snapshot, **changes: Any) -> Snapshot:
    return dataclasses.replace(snapshot, state={**snapshot.state, **changes})


def with_generator(snapshot: Snapshot, names: tuple[str, ...], fresh: Snapshot) -> Snapshot:
    """With some generators as they were at the beginning of the run."""
    return dataclasses.replace(
        snapshot, random={**snapshot.random, **{name: fresh.random[name] for name in names}}
    )


def without_running_statistics(now: Snapshot, start: Snapshot) -> Snapshot:
    reset = {name: start.model[name] for name in start.model if "running" in name}
    return dataclasses.replace(now, model={**now.model, **reset})


def without_the_momentum_of_the_user(now: Snapshot, start: Snapshot) -> Snapshot:
    values = {**now.state["values"], "momentum": start.state["values"]["momentum"]}
    used = {**now.state["optimizer_values"], "momentum": values["momentum"]}
    return with_state(now, values=values, optimizer_values=used)


OMISSIONS: dict[str, Callable[[Snapshot, Snapshot], Snapshot]] = {
    "optimizer state": lambda now, start: dataclasses.replace(now, optimizer={}),
    "weights": lambda now, start: dataclasses.replace(now, model=start.model),
    "running statistics": without_running_statistics,
    "schedule": lambda now, start: with_state(
        now, schedule={**now.state["schedule"], "start": now.state["step"]}
    ),
    "ramp": lambda now, start: with_state(now, ramps={}),
    "scheduled change": lambda now, start: with_state(now, scheduled=[]),
    "place in the epoch": lambda now, start: with_state(
        now, position={**now.state["position"], "index": 0}
    ),
    "epoch": lambda now, start: with_state(now, position={**now.state["position"], "epoch": 0}),
    "torch generator": lambda now, start: with_generator(now, ("torch",), start),
    "numpy generator": lambda now, start: with_generator(
        now, ("numpy", "numpy_place", "numpy_gauss"), start
    ),
    "python generator": lambda now, start: with_generator(now, ("python", "python_gauss"), start),
    "half a pair of gaussians": lambda now, start: dataclasses.replace(
        now, random={**now.random, "python_gauss": torch.empty(0, dtype=torch.float64)}
    ),
    "momentum set by the user": without_the_momentum_of_the_user,
}


def planted(parent: LabRun, name: str) -> tuple[Said, Snapshot]:
    """A checkpoint beside the others with one omission, and what it holds."""
    first, last = parent.checkpoints()[0], parent.checkpoints()[-1]
    now = load_checkpoint(parent.checkpoint_path(last))
    start = load_checkpoint(parent.checkpoint_path(first))
    snapshot = OMISSIONS[name](now, start)
    checkpoints = parent.directory / "checkpoints"
    directory = f"planted-{len(list(checkpoints.iterdir()))}"
    write_checkpoint(checkpoints, directory, snapshot, {"id": 0})
    return {**last, "directory": directory}, snapshot


@pytest.mark.parametrize("name", list(OMISSIONS))
def test_an_omission_is_seen(shared_lab: Lab, parent: LabRun, whole: LabRun, name: str) -> None:
    checkpoint, snapshot = planted(parent, name)

    fork = shared_lab.fork(parent, checkpoint, steps=STEPS).finished()

    assert snapshot.state_sha256() != parent.final_sha256
    assert fork.final_sha256 != whole.final_sha256
    if name == "running statistics":  # no cost of a mini-batch ever shows this one
        assert fork.costs == whole.costs
        assert fork.points["val/cost"] != whole.points["val/cost"]
    else:
        assert fork.costs != whole.costs


def test_the_optimizers_state_shows_only_from_the_second_step_on(
    shared_lab: Lab, parent: LabRun, whole: LabRun
) -> None:
    """So whoever compares continuations must compare more than the first cost."""
    checkpoint, _ = planted(parent, "optimizer state")

    fork = shared_lab.fork(parent, checkpoint, steps=STEPS).finished()

    assert fork.costs[CUT + 1] == whole.costs[CUT + 1]
    assert fork.costs[CUT + 2] != whole.costs[CUT + 2]


def test_where_and_by_whom_is_not_in_the_hash(parent: LabRun) -> None:
    """The hash covers what decides the future: not the machine, the run's number or the clock."""
    snapshot = load_checkpoint(parent.checkpoint_path(parent.checkpoints()[-1]))
    elsewhere = with_state(
        snapshot,
        steps=10**6,
        last_command_id=99,
        best={"val_cost": 0.0, "step": 1},
        made_with={},
        scheduled=[{**change, "actor": "x"} for change in snapshot.state["scheduled"]],
    )

    assert elsewhere.state_sha256() == snapshot.state_sha256()
    assert elsewhere.weights_sha256() == snapshot.weights_sha256()

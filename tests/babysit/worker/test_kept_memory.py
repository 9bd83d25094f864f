"""Checkpoints share the memory of their copies, one after the other, and none mixes with others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import torch
from torch import nn

from babysit.attached.state.training import ScriptTraining
from babysit.training.checkpoint import load_checkpoint
from babysit.training.copies import KEPT_BYTES_MIN
from babysit.worker.checkpoint_writer import Saver
from babysit.worker.recorder import Recorder

LARGE = KEPT_BYTES_MIN // 4


@pytest.fixture
def saver(tmp_path: Path) -> Iterator[Saver]:
    with (
        closing(Recorder(tmp_path, 1)) as recorder,
        closing(Saver(1, tmp_path / "checkpoints", recorder)) as made,
    ):
        yield made


@pytest.fixture
def training() -> ScriptTraining:
    made = ScriptTraining(seed=0, made_with={})
    made.parts.add("model", nn.ParameterDict({"w": torch.zeros(LARGE)}))
    return made


def step(training: ScriptTraining) -> None:
    """An update after which each weight is the number of the step."""
    training.step += 1
    for parameter in training.parts.modules()["model"].parameters():
        parameter.data.fill_(training.step)


def test_each_checkpoint_holds_the_state_of_its_own_step(
    saver: Saver, training: ScriptTraining, tmp_path: Path
) -> None:
    for _ in range(12):
        step(training)
        saver.save(training.snapshot(saver.memory), "user", version=0, val_cost=None)
        if training.step % 5 == 0:
            saver.wait()
    saver.wait()

    for number in range(1, 13):
        weights = load_checkpoint(tmp_path / "checkpoints" / str(number)).model
        assert all(bool((item == number).all()) for item in weights.values()), number
    assert len(saver.memory.free) == 1


def test_memory_is_kept_only_until_the_run_ends(saver: Saver, training: ScriptTraining) -> None:
    step(training)
    saver.save(training.snapshot(saver.memory), "user", version=0, val_cost=None)
    saver.wait()
    assert saver.memory.free

    saver.close()

    assert not saver.memory.free

"""Trainings as people write them: killed, continued, and equal to the last bit."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.babysit.attached.scripts import SAVES, ScriptRun, training
from tests.babysit.attached.stopping import (
    check_that_a_stop_leaves_no_trace,
    check_that_an_extension_survives,
)
from tests.babysit.fork_client import ForkServer
from tests.sizes import KILLED_TRAININGS, chosen

NAMES = (
    "mlp",
    "cnn_workers",
    "resnet_groups",
    "gpt_accumulation",
    "gan",
    "vae",
    "policy_gradient",
    "ema_batchnorm",
    "stream",
    "unfreezing",
    "lbfgs",
    "scaler",
    "replay_buffer",
    "own_generators",
    "worker_generators",
    "semi_supervised",
    "plain_attributes",
)
KILLS = 3

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", chosen(NAMES, KILLED_TRAININGS))
def test_a_training_that_was_killed_ends_equal_to_the_last_bit(
    name: str, tmp_path: Path, fork_server: ForkServer, draw: random.Random
) -> None:
    whole = ScriptRun(fork_server, tmp_path / "whole", training(name), BABYSIT_SAVE_AT=SAVES)
    assert whole.finish() == 0, whole.log()
    expected = whole.read()
    assert expected.status == "finished"
    steps = max(max(values) for values in expected.points.values())

    killed = ScriptRun(fork_server, tmp_path / "killed", training(name), BABYSIT_SAVE_AT=SAVES)
    for at in sorted(draw.randint(2, steps - 1) for _ in range(KILLS)):
        assert killed.kill_at(at) == -9, killed.log()
    assert killed.finish() == 0, killed.log()
    found = killed.read()
    assert found.bits() == expected.bits()
    assert found.weights == expected.weights
    recovered = [event["verified"] for event in found.of_kind("recovered")]
    assert recovered, "the last attempt says that it has caught up"
    assert all(recovered)


def test_a_stop_inside_an_epoch_leaves_no_trace_in_what_continues_it(
    tmp_path: Path, fork_server: ForkServer
) -> None:
    check_that_a_stop_leaves_no_trace(fork_server, tmp_path, training("epoch_scheduler"), at=25)


def test_an_extended_training_that_was_killed_ends_equal_to_the_last_bit(
    tmp_path: Path, fork_server: ForkServer
) -> None:
    check_that_an_extension_survives(fork_server, tmp_path, training("epoch_scheduler"))


@pytest.mark.parametrize(("name", "is_said"), [("stream", True), ("vae", False)])
def test_a_continued_stream_says_that_its_order_could_not_be_compared(
    name: str, is_said: bool, tmp_path: Path, fork_server: ForkServer
) -> None:
    run = ScriptRun(fork_server, tmp_path, training(name), BABYSIT_SAVE_AT="10")
    assert run.kill_at(40) == -9
    assert run.finish() == 0, run.log()
    said = [event for event in run.read().of_kind("exactness") if "stream" in str(event["reasons"])]
    assert [event["level"] for event in said] == ["not proved"] * is_said

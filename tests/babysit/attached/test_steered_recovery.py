"""Trainings that were steered and killed end as those that were steered only."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from pathlib import Path

import pytest

from babysit.protocol.commands import Set
from babysit.protocol.events import Described
from tests.babysit.attached.scripts import SAVES, WITHIN_S, Recorded, ScriptRun, steps, training
from tests.babysit.fork_client import ForkServer

pytestmark = pytest.mark.slow

# Each begins a ramp at 20, changes something else in the middle of it, and has a change that waits.
COMMANDS: dict[str, tuple[Set, ...]] = {
    "resnet_groups": (
        Set(values={"learning_rate": {"times": 0.5}}, at_step=20, over_steps=30),
        Set(values={"learning_rate.0": 0.02, "momentum.1": 0.5}, at_step=31, over_steps=12),
        Set(values={"learning_rate": {"release": True}, "momentum": 0.0}, at_step=70),
    ),
    "gan": (
        Set(values={"for_generator.beta1": 0.9}, at_step=20, over_steps=30),
        Set(values={"for_critic.learning_rate": {"times": 0.3}}, at_step=35, over_steps=20),
        Set(values={"for_generator.beta1": 0.3, "for_critic.epsilon": 1e-6}, at_step=60),
    ),
    "ema_batchnorm": (
        Set(values={"momentum": 0.6}, at_step=20, over_steps=30),
        Set(values={"learning_rate": 0.03}, at_step=35, over_steps=20),
        Set(values={"momentum": {"release": True}}, at_step=70, over_steps=10),
    ),
    "steered_groups": (
        Set(values={"for_head.learning_rate": 0.5}, at_step=20, over_steps=30),
        Set(values={"for_body.beta1": 0.5, "for_head.momentum": 0.6}, at_step=30, over_steps=6),
        Set(values={"for_head.learning_rate": {"release": True}}, at_step=50),
    ),
}


def steered(fork_server: ForkServer, folder: Path, name: str, saves: str = SAVES) -> ScriptRun:
    run = ScriptRun(fork_server, folder, training(name), BABYSIT_SAVE_AT=saves)
    for command in COMMANDS[name]:
        run.send(command)
    return run


def whole(fork_server: ForkServer, folder: Path, name: str) -> Recorded:
    run = steered(fork_server, folder, name)
    assert run.finish() == 0, run.log()
    found = run.read()
    assert len(found.of_kind("changed")) == len(COMMANDS[name]), found.of_kind("refused")
    return found


def expect_equal(killed: ScriptRun, expected: Recorded) -> None:
    assert killed.finish() == 0, killed.log()
    found = killed.read()
    assert found.bits() == expected.bits()
    assert found.weights == expected.weights
    assert all(event["verified"] for event in found.of_kind("recovered"))
    answers = [event["command_id"] for event in found.of_kind("changed")]
    assert sorted(answers) == sorted(set(answers)), "each command is answered once"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_steered_training_that_was_killed_ends_equal(
    name: str, tmp_path: Path, fork_server: ForkServer, draw: random.Random
) -> None:
    expected = whole(fork_server, tmp_path / "whole", name)
    killed = steered(fork_server, tmp_path / "killed", name)
    for at in (draw.randint(22, 34), draw.randint(36, 49), draw.randint(51, 63)):
        assert killed.kill_at(at) == -9, killed.log()
    expect_equal(killed, expected)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_checkpoint_of_the_very_step_of_a_change_in_a_ramp_is_as_good_as_any(
    name: str, tmp_path: Path, fork_server: ForkServer
) -> None:
    """The change is made again after the checkpoint that was written just before it."""
    expected = whole(fork_server, tmp_path / "whole", name)
    second = COMMANDS[name][1]
    killed = steered(fork_server, tmp_path / "killed", name, saves="")
    killed.say(Described(step=0, max_steps_per_s=50.0))
    killed.start()
    killed.until("checkpoint_saved", 3)  # the start, and before each of two changes
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait() == -9, killed.log()
    newest = killed.read().of_kind("checkpoint_saved")[-1]
    assert newest["step"] == second.at_step
    assert len(killed.read().of_kind("changed")) == 2
    killed.say(Described(step=0, max_steps_per_s=0.0))
    expect_equal(killed, expected)


def test_a_training_killed_while_it_writes_checkpoints_ends_equal(
    tmp_path: Path, fork_server: ForkServer, draw: random.Random
) -> None:
    expected = whole(fork_server, tmp_path / "whole", "resnet_groups")
    always = steps(range(1, 200))
    killed = steered(fork_server, tmp_path / "killed", "resnet_groups", saves=always)
    for _ in range(3):
        killed.start()
        killed.wait_for_step(draw.randint(15, 60))
        kill_in_writing(killed)
    expect_equal(killed, expected)


def kill_in_writing(run: ScriptRun) -> None:
    """Kill the process while a checkpoint lies there that is not complete."""
    checkpoints = run.directory / "checkpoints"
    deadline_s = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline_s:
        with contextlib.suppress(OSError):
            if any(not (path / "manifest.json").exists() for path in checkpoints.iterdir()):
                break
    with contextlib.suppress(ProcessLookupError):
        os.kill(run.pid, signal.SIGKILL)
    assert run.wait() == -9, run.log()

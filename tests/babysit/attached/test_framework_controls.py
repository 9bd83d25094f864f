"""Trainings in the loops of frameworks, steered like plain scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from babysit.protocol.commands import Extend, Pause, Resume, Set, Stop
from tests.babysit.attached.scripts import ScriptRun
from tests.babysit.attached.stopping import (
    check_that_a_stop_leaves_no_trace,
    check_that_an_extension_survives,
)
from tests.babysit.attached.test_frameworks import NAMES, script
from tests.babysit.fork_client import ForkServer

# Trainer makes two groups, one without weight decay: there `learning_rate` is a factor on both.
RATES = {"transformers_digits": "learning_rate.0"}

pytestmark = [pytest.mark.slow, pytest.mark.frameworks]


@pytest.mark.parametrize("name", NAMES)
def test_a_factor_and_a_value_hold_for_the_updates_after_them(
    name: str, tmp_path: Path, fork_server: ForkServer
) -> None:
    plain = ScriptRun(fork_server, tmp_path / "plain", script(name))
    assert plain.finish() == 0, plain.log()
    rate = RATES.get(name, "learning_rate")
    own = plain.read().points[rate]

    run = ScriptRun(fork_server, tmp_path / "steered", script(name))
    run.send(Set(values={rate: {"times": 0.5}}, at_step=10))
    run.send(Set(values={rate: 0.0125}, at_step=20))
    run.send(Set(values={rate: {"release": True}}, at_step=30))
    assert run.finish() == 0, run.log()
    used = run.read().points[rate]
    assert used.keys() == own.keys()
    for step, value in used.items():
        expected = own[step]
        if 10 < step <= 20:
            expected *= 0.5
        elif 20 < step <= 30:
            expected = 0.0125
        assert value == expected, f"step {step}"


@pytest.mark.parametrize("name", NAMES)
def test_it_pauses_goes_on_and_stops(name: str, tmp_path: Path, fork_server: ForkServer) -> None:
    run = ScriptRun(fork_server, tmp_path, script(name))
    run.send(Pause())
    run.start()
    run.until("status_changed", 2)
    paused = run.read()
    assert paused.status == "paused"
    assert "train/loss" not in paused.points, "no turn was made"
    run.send(Resume(for_steps=5))
    run.until("status_changed", 4)
    paused = run.read()
    assert paused.status == "paused"
    assert max(paused.points["train/loss"]) == 5
    run.send(Stop())
    assert run.wait() == 0, run.log()
    stopped = run.read()
    assert stopped.status == "stopped"
    assert max(stopped.points["train/loss"]) == 5, "no further update was made"
    assert stopped.of_kind("checkpoint_saved")[-1]["step"] == 5


@pytest.mark.parametrize("name", NAMES)
def test_a_steered_training_that_was_killed_ends_equal_to_the_last_bit(
    name: str, tmp_path: Path, fork_server: ForkServer
) -> None:
    runs = []
    for place in ("whole", "killed"):
        run = ScriptRun(fork_server, tmp_path / place, script(name), BABYSIT_SAVE_AT="8,16,24")
        rate = RATES.get(name, "learning_rate")
        run.send(Set(values={rate: {"times": 0.5}}, at_step=10))
        run.send(Set(values={rate: 0.0125}, at_step=18))
        runs.append(run)
    whole, killed = runs
    assert whole.finish() == 0, whole.log()
    for at in (13, 22):
        assert killed.kill_at(at) == -9
    assert killed.finish() == 0, killed.log()
    assert killed.read().bits() == whole.read().bits()
    assert killed.read().weights == whole.read().weights


@pytest.mark.parametrize("name", NAMES)
def test_a_stop_inside_an_epoch_leaves_no_trace_in_what_continues_it(
    name: str, tmp_path: Path, fork_server: ForkServer
) -> None:
    check_that_a_stop_leaves_no_trace(fork_server, tmp_path, script(name), at=30)


def test_a_trainer_that_cannot_be_extended_says_so(tmp_path: Path, fork_server: ForkServer) -> None:
    run = ScriptRun(fork_server, tmp_path, script("transformers_digits"))
    run.send(Extend(steps=30))
    assert run.finish() == 0, run.log()
    found = run.read()
    assert "more epochs" in found.of_kind("refused")[0]["reason"]
    assert found.of_kind("declared")[-1]["steps"] == max(found.points["train/loss"]) == 72


@pytest.mark.parametrize("name", [name for name in NAMES if name != "transformers_digits"])
def test_an_extended_training_that_was_killed_ends_equal_to_the_last_bit(
    name: str, tmp_path: Path, fork_server: ForkServer
) -> None:
    check_that_an_extension_survives(fork_server, tmp_path, script(name))

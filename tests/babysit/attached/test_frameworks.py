"""Trainings in the loops of frameworks: killed, continued, and equal to the last bit."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.babysit.attached.scripts import SAVES, ScriptRun
from tests.babysit.fork_client import ForkServer

FRAMEWORKS = Path(__file__).parent / "frameworks"
NAMES = ("lightning_digits", "fabric_digits", "transformers_digits", "accelerate_digits")
KILLS = 2

pytestmark = [pytest.mark.slow, pytest.mark.frameworks]


def script(name: str) -> Path:
    return FRAMEWORKS / f"{name}.py"


@pytest.mark.parametrize("name", NAMES)
def test_a_training_that_was_killed_ends_equal_to_the_last_bit(
    name: str, tmp_path: Path, fork_server: ForkServer, draw: random.Random
) -> None:
    whole = ScriptRun(fork_server, tmp_path / "whole", script(name), BABYSIT_SAVE_AT=SAVES)
    assert whole.finish() == 0, whole.log()
    expected = whole.read()
    assert expected.status == "finished"
    assert not expected.of_kind("exactness"), "nothing is approximate"
    steps = max(max(values) for values in expected.points.values())

    killed = ScriptRun(fork_server, tmp_path / "killed", script(name), BABYSIT_SAVE_AT=SAVES)
    for at in sorted(draw.randint(2, steps - 1) for _ in range(KILLS)):
        assert killed.kill_at(at) == -9, killed.log()
    assert killed.finish() == 0, killed.log()
    found = killed.read()
    assert found.bits() == expected.bits()
    assert found.weights == expected.weights
    recovered = [event["verified"] for event in found.of_kind("recovered")]
    assert recovered, "the last attempt says that it has caught up"
    assert all(recovered)

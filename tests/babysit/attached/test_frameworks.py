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

UPDATES_OF_ACCELERATE = 3 * 8  # 29 batches an epoch: seven times four, and the last one

pytestmark = [pytest.mark.slow, pytest.mark.frameworks]


def script(name: str) -> Path:
    return FRAMEWORKS / f"{name}.py"


EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.py"))


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


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_of_the_docs_is_exact(
    path: Path, tmp_path: Path, fork_server: ForkServer
) -> None:
    run = ScriptRun(
        fork_server, tmp_path, path, seed=1, processes=2 if path.stem == "ddp_digits" else 1
    )
    assert run.finish() == 0, run.log()
    found = run.read()
    assert found.status == "finished"
    assert not found.of_kind("exactness"), "nothing is approximate"
    assert len(found.points["train/cost"]) == max(found.points["train/cost"])


def test_accelerate_is_told_of_the_end_of_an_epoch(tmp_path: Path, fork_server: ForkServer) -> None:
    run = ScriptRun(fork_server, tmp_path, script("accelerate_digits"))
    assert run.finish() == 0, run.log()
    updates = run.read().points["val/updates"]
    assert updates[max(updates)] == UPDATES_OF_ACCELERATE


def test_the_callback_alone_says_that_it_is_approximate(
    tmp_path: Path, fork_server: ForkServer
) -> None:
    run = ScriptRun(
        fork_server, tmp_path, script("transformers_digits"), "callback", BABYSIT_SAVE_AT="20"
    )
    run.kill_at(30)
    assert run.finish() == 0, run.log()
    found = run.read()
    assert found.status == "finished"
    said = found.of_kind("exactness")
    assert {event["level"] for event in said} == {"approximate"}
    assert any("BabysitTrainerMixin" in text for text in said[0]["reasons"])
    assert "BabysitTrainerMixin" in run.log()
    assert max(found.points["learning_rate.0"]) == 72, "as many updates as were asked for"

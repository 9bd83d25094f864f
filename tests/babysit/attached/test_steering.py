"""Commands to a script: what they do is in force when they say so, and nowhere else."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from babysit.protocol.commands import (
    Cancel,
    Evaluate,
    Extend,
    Pause,
    Resume,
    SaveCheckpoint,
    Set,
    Stop,
)
from tests.babysit.attached.scripts import Recorded, ScriptRun, training
from tests.babysit.fork_client import ForkServer

pytestmark = pytest.mark.slow

STEPS = 80


@pytest.fixture(scope="module")
def whole(fork_server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """The training that nobody steered."""
    run = ScriptRun(fork_server, tmp_path_factory.mktemp("whole"), training("steered"))
    assert run.finish() == 0, run.log()
    return run.read()


@pytest.fixture
def run(fork_server: ForkServer, tmp_path: Path) -> ScriptRun:
    return ScriptRun(fork_server, tmp_path, training("steered"))


@pytest.fixture
def groups(fork_server: ForkServer, tmp_path: Path) -> ScriptRun:
    return ScriptRun(fork_server, tmp_path, training("steered_groups"))


def finished(run: ScriptRun) -> Recorded:
    assert run.finish() == 0, run.log()
    found = run.read()
    assert found.status == "finished"
    assert not found.of_kind("warned"), found.of_kind("warned")
    return found


def series(found: Recorded, name: str, first: int, last: int) -> list[float]:
    return [found.points[f"train/{name}"][step] for step in range(first, last + 1)]


def expect_same(found: Recorded, whole: Recorded, names: tuple[str, ...] = ("train/loss",)) -> None:
    for name in names:
        assert found.bits()[name] == whole.bits()[name], name


def test_a_value_a_factor_and_a_release_are_in_force_from_the_next_update_on(
    run: ScriptRun, whole: Recorded
) -> None:
    run.send(Set(values={"learning_rate": 0.02}, at_step=10))
    run.send(Set(values={"learning_rate": {"times": 0.5}}, at_step=20))
    run.send(Set(values={"learning_rate": {"release": True}}, at_step=30))
    found = finished(run)
    own = series(whole, "used", 1, STEPS)
    assert series(found, "used", 1, STEPS) == [
        *own[:10],
        *[0.02] * 10,
        *[0.5 * rate for rate in own[20:30]],
        *own[30:],
    ]
    recorded = [found.points["learning_rate"][step] for step in range(1, STEPS + 1)]
    assert recorded == series(found, "used", 1, STEPS)
    first, second, third = found.of_kind("changed")
    assert (first["before"], first["after"]) == (
        {"learning_rate": own[10]},
        {"learning_rate": 0.02},
    )
    assert first["undo_values"] == {"learning_rate": {"release": True}}
    assert second["undo_values"] == {"learning_rate": 0.02}
    assert third["undo_values"] == {"learning_rate": {"times": 0.5}}
    assert third["after"] == {"learning_rate": own[30]}
    assert [event["effective_step"] for event in (first, second, third)] == [11, 21, 31]


def test_a_change_over_steps_moves_evenly_and_a_second_one_begins_where_it_is(
    run: ScriptRun,
) -> None:
    run.send(Set(values={"momentum": 0.5}, at_step=10, over_steps=20))
    run.send(Set(values={"momentum": 0.8}, at_step=20, over_steps=4))
    found = finished(run)
    momenta = series(found, "used_momentum", 1, STEPS)
    assert momenta[9] == 0.9
    assert momenta[30:] == [0.8] * (STEPS - 30)
    falling, rising = momenta[9:20], momenta[20:24]
    assert falling == sorted(falling, reverse=True)
    _, second = found.of_kind("changed")
    assert second["before"]["momentum"] <= falling[-1]
    assert rising == sorted(rising)
    assert rising[-1] == 0.8
    assert second["undo_values"] == {"momentum": 0.5}


def test_undo_brings_back_the_schedule(run: ScriptRun, whole: Recorded) -> None:
    run.send(Set(values={"learning_rate": {"times": 0.1}, "momentum": 0.0}, at_step=10))
    run.send(
        Set(values={"learning_rate": {"release": True}, "momentum": {"release": True}}, at_step=10)
    )
    found = finished(run)
    first, second = found.of_kind("changed")
    assert first["undo_values"] == {
        "learning_rate": {"release": True},
        "momentum": {"release": True},
    }
    assert second["undo_values"] == {"learning_rate": {"times": 0.1}, "momentum": 0.0}
    assert series(found, "used", 11, STEPS) == series(whole, "used", 11, STEPS)
    assert first["notes"] == ["Velocity cleared: it would be stale when momentum comes back."]


def test_a_waiting_change_can_be_cancelled(run: ScriptRun, whole: Recorded) -> None:
    waiting = run.send(Set(values={"learning_rate": 0.02}, at_step=30))
    run.send(Cancel(command_id=waiting))
    found = finished(run)
    expect_same(found, whole)
    assert [event["command_id"] for event in found.of_kind("refused")] == [waiting]


def test_pauses_steps_and_saves_change_nothing(run: ScriptRun, whole: Recorded) -> None:
    run.send(Pause())
    run.start()
    run.until_count("paused", 1)
    run.send(Resume(for_steps=3))
    for pause in (2, 3):
        paused = run.until_count("paused", pause)[-1]
        assert paused["step"] == 3 * (pause - 1)
        run.send(SaveCheckpoint())
        run.send(Evaluate())
        run.send(Resume(for_steps=3))
    run.until_count("paused", 4)
    run.send(Resume())
    assert run.wait() == 0, run.log()
    found = run.read()
    expect_same(found, whole)
    assert found.weights == whole.weights
    saved = [e["step"] for e in found.of_kind("checkpoint_saved")]
    assert {0, 3, 6, 9} <= set(saved)


def test_an_evaluation_is_recorded_and_leaves_no_trace(run: ScriptRun, whole: Recorded) -> None:
    run.send(Evaluate())
    run.send(Pause())
    run.start()
    run.until_count("paused", 1)
    run.send(Evaluate())
    run.send(Resume(for_steps=20))
    run.until_count("paused", 2)
    run.send(Evaluate())
    run.send(Resume())
    assert run.wait() == 0, run.log()
    found = run.read()
    expect_same(found, whole)
    assert found.weights == whole.weights
    assert set(found.points["val/loss"]) == {0, 20}
    assert set(found.points["val/looks"].values()) == {1.0}, "what is kept is as it was"
    answers = [e for e in found.of_kind("applied") if e["command_kind"] == "evaluate"]
    assert len({event["after"]["val/loss"] for event in answers[:2]}) == 1
    assert {event["cost"] for event in found.of_kind("declared")} == {None, "train/loss"}


def test_stop_ends_the_loops_and_the_script_ends_by_itself(run: ScriptRun) -> None:
    run.start()
    run.wait_for_step(5)
    run.send(Stop())
    assert run.wait() == 0
    found = run.read()
    assert found.status == "stopped"
    assert found.of_kind("checkpoint_saved")[-1]["cause"] == "end"


def test_an_extended_run_makes_more_steps_also_after_it_was_killed(
    run: ScriptRun, whole: Recorded, fork_server: ForkServer, tmp_path: Path
) -> None:
    run.send(Extend(steps=20))
    assert run.finish() == 0, run.log()
    found = run.read()
    assert max(found.points["train/loss"]) == STEPS + 20
    assert found.of_kind("applied")[0]["after"] == {"steps": STEPS + 20}
    assert any("CosineAnnealingLR" in e["message"] for e in found.of_kind("warned"))
    assert all("ends_at" not in event for event in found.of_kind("declared"))

    killed = ScriptRun(fork_server, tmp_path / "k", training("steered"), BABYSIT_SAVE_AT="10,83")
    killed.send(Extend(steps=20))
    killed.kill_at(90)
    assert killed.finish() == 0, killed.log()
    assert killed.read().bits()["train/loss"] == found.bits()["train/loss"]
    assert killed.read().weights == found.weights


def test_a_loop_that_cannot_be_longer_refuses_to_be_extended(
    fork_server: ForkServer, tmp_path: Path
) -> None:
    run = ScriptRun(fork_server, tmp_path / "p", training("plain_loop"))
    run.send(Extend(steps=20))
    assert run.finish() == 0, run.log()
    found = run.read()
    assert "run.epochs" in found.of_kind("refused")[0]["reason"]
    assert found.of_kind("applied") == []
    assert max(found.points["train/loss"]) == 30
    assert {event["ends_at"] for event in found.of_kind("declared")} == {30}


def test_knobs_and_live_arguments_act_and_others_are_refused(run: ScriptRun) -> None:
    run.send(Pause())
    run.start()
    run.until_count("paused", 1)
    run.send(Resume(for_steps=5))  # it takes a few turns to see what is read in the loop
    run.until_count("paused", 2)
    run.send(Set(values={"noise": 0.5, "penalty": 0.01}, at_step=10))
    run.send(Set(values={"hidden": 8}, at_step=12))
    run.send(Set(values={"noise": 7.0}, at_step=14))
    run.send(Set(values={"nonsense": 7.0}))
    run.send(Resume())
    assert run.wait() == 0, run.log()
    found = run.read()
    declared = {i["name"]: i for i in found.of_kind("declared")[-1]["hyperparameters"]}
    assert declared["penalty"]["when"] == "live"
    assert declared["hidden"]["when"] == "fork"
    assert series(found, "noise", 10, 11) == [0.01, 0.5]
    assert series(found, "penalty", 10, 11) == [0.001, 0.01]
    (changed,) = found.of_kind("changed")
    assert changed["before"] == {"noise": 0.01, "penalty": 0.001}
    assert changed["undo_values"] == {"noise": 0.01, "penalty": 0.001}
    assert {event["field"] for event in found.of_kind("refused")} == {
        "hidden",
        "noise",
        "nonsense",
    }


def test_a_fork_without_a_change_is_equal_and_one_with_changes_is_not(
    fork_server: ForkServer, tmp_path: Path, whole: Recorded
) -> None:
    parent = ScriptRun(fork_server, tmp_path, training("steered"), BABYSIT_SAVE_AT="30")
    parent.send(Set(values={"learning_rate": {"times": 0.7}}, at_step=20, over_steps=20))
    assert parent.finish() == 0
    equal = parent.fork(30)
    assert equal.finish() == 0, equal.log()
    after = {step: b for step, b in parent.read().bits()["train/loss"].items() if step > 30}
    assert equal.read().bits()["train/loss"] == after
    assert equal.read().weights == parent.read().weights
    assert [e["level"] for e in equal.read().of_kind("exactness")] == ["exact"]

    other = parent.fork(30, {"momentum": 0.5, "penalty": 0.01})
    assert other.finish() == 0, other.log()
    found = other.read()
    assert series(found, "used_momentum", 31, STEPS) == [0.5] * 50
    assert series(found, "penalty", 31, STEPS) == [0.01] * 50
    assert found.of_kind("exactness") == []


def test_the_groups_of_several_optimizers_are_steered_each_by_its_name(groups: ScriptRun) -> None:
    groups.send(Set(values={"for_head.learning_rate": 0.5}, at_step=5))
    groups.send(Set(values={"for_head.learning_rate.bias": 0.3}, at_step=10))
    groups.send(Set(values={"for_body.beta1": 0.5}, at_step=15, over_steps=5))
    groups.send(Set(values={"for_head.learning_rate": {"release": True}}, at_step=20))
    groups.send(Pause())
    groups.start()
    groups.until_count("paused", 1)
    groups.send(Resume(for_steps=40))
    groups.until_count("paused", 2)
    groups.send(Set(values={"for_head.learning_rate.2": 0.004}))  # it is there only now
    groups.send(Resume())
    assert groups.wait() == 0, groups.log()
    found = groups.read()
    assert series(found, "used_0", 1, 64) == [0.05] * 5 + [0.025] * 15 + [0.05] * 44
    assert series(found, "used_1", 1, 64) == [0.1] * 5 + [0.05] * 5 + [0.15] * 10 + [0.3] * 44
    assert series(found, "used_2", 33, 64) == [0.02] * 8 + [0.004] * 24
    betas = series(found, "beta1", 1, 64)
    assert betas[:15] == [0.9] * 15
    assert betas[19:] == [0.5] * 45
    changes = found.of_kind("changed")
    assert "Optimizer state rescaled" in changes[2]["notes"][0]
    assert changes[1]["after"] == {"for_head.learning_rate.bias": 0.15}
    assert changes[1]["notes"] == [
        "for_head.learning_rate.bias: for_head.learning_rate multiplies it by 0.5."
    ]


def test_a_value_of_one_group_stays_its_own_when_a_second_one_is_added(
    fork_server: ForkServer, tmp_path: Path
) -> None:
    run = ScriptRun(fork_server, tmp_path / "w", training("unfreezing"), BABYSIT_SAVE_AT="40")
    commands: tuple[Any, ...] = (
        Set(values={"learning_rate": 0.005}, at_step=5),
        Set(values={"learning_rate": 0.007}, at_step=60),
    )
    for command in commands:
        run.send(command)
    assert run.finish() == 0, run.log()
    found = run.read()
    after = [found.points["learning_rate.0"][step] for step in range(30, 116)]
    assert after == [0.005] * 31 + [0.007] * 55
    assert found.points["learning_rate.1"][116] == 1e-3 * 0.7**3 or math.isclose(
        found.points["learning_rate.1"][116], 1e-3 * 0.7**3
    )
    killed = ScriptRun(fork_server, tmp_path / "k", training("unfreezing"), BABYSIT_SAVE_AT="40")
    for command in commands:
        killed.send(command)
    assert killed.kill_at(50) == -9
    assert killed.finish() == 0, killed.log()
    assert killed.read().bits() == found.bits()

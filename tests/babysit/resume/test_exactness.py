"""An interrupted run and an uninterrupted one are the same run, to the last bit."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest

from babysit.protocol.commands import (
    Command,
    Evaluate,
    Extend,
    Pause,
    Resume,
    SaveCheckpoint,
    Set,
    Stop,
)
from babysit.protocol.status import RunStatus
from babysit.protocol.values import Value, Values
from tests.babysit.worker_harness import Lab, LabRun

pytestmark = pytest.mark.sampled(12)

STEPS = 120
SLOWLY = 100.0  # steps a second: slow enough to be interrupted anywhere, also on a busy machine
# Ramps are under way from step 25 to 105, a change waits for step 110, and all lies in mid-epoch.
CUT_FROM, CUT_TO = 30, 90

OPTIMIZERS: dict[str, dict[str, Value]] = {
    "momentum": {"optimizer": "sgd", "momentum": 0.9},
    "nesterov": {"optimizer": "sgd", "momentum": 0.9, "nesterov": True},
    "adam": {"optimizer": "adam", "learning_rate": 0.005},
    "adamw": {"optimizer": "adamw", "learning_rate": 0.005, "weight_decay": 0.01},
    "rmsprop": {"optimizer": "rmsprop", "learning_rate": 0.002, "momentum": 0.5},
}
TASKS: dict[str, dict[str, Value]] = {
    "spirals": {"dropout": 0.2},
    "digits-cnn": {"hidden_units": 4},  # dropout, batch normalisation and random shifts
}
SCHEDULES: dict[str, dict[str, Value]] = {
    "momentum": {"schedule": "cosine"},
    "nesterov": {"schedule": "exponential", "decay_steps": 50},
    "adam": {"schedule": "one_cycle"},
    "adamw": {"schedule": "step", "decay_steps": 40},
    "rmsprop": {"schedule": "constant"},
}


def values_of(task: str, name: str) -> Values:
    return {**TASKS[task], **OPTIMIZERS[name], **SCHEDULES[name]}


def steering(name: str) -> list[Command]:
    """Changes at fixed steps: ramps under way, batch sizes changed, one that is still waiting."""
    beta = "beta1" if name.startswith("adam") else "momentum"
    return [
        Set(values={beta: 0.97}, at_step=25, over_steps=80),
        Set(values={"base_learning_rate": 0.008}, at_step=27, over_steps=75),
        Set(values={"batch_size": 20}, at_step=28),
        Set(values={"batch_size": 24}, at_step=29, batch_now=True),
        Set(values={"dropout": 0.3, "grad_clip": 1.0}, at_step=29),
        Set(values={beta: 0.8, "weight_decay": 0.001}, at_step=110),
    ]


@pytest.fixture(scope="module")
def straight(shared_lab: Lab) -> Any:
    """(task, optimizer) -> the run that nothing interrupted; each is made once."""

    @cache
    def run(task: str, name: str) -> LabRun:
        values = values_of(task, name)
        started = shared_lab.start(task, steps=STEPS, values=values, commands=steering(name))
        return started.finished()

    return run


every_case = pytest.mark.parametrize(
    ("task", "name"), [(task, name) for task in TASKS for name in OPTIMIZERS]
)


def assert_same(straight: LabRun, *parts: LabRun) -> None:
    """The parts, each cut off where the next one left it, say what the whole run says."""
    for series in ("train/cost", "learning_rate", "momentum", "val/cost"):
        concatenate_segments: dict[int, float] = {}
        for part in parts:
            first = min(part.costs)
            concatenate_segments = {
                step: value for step, value in concatenate_segments.items() if step < first
            }
            concatenate_segments |= part.points.get(series, {})
        expected = straight.points[series]
        assert {step: concatenate_segments[step] for step in expected} == expected, series
    assert parts[-1].final_sha256 == straight.final_sha256


@every_case
def test_a_pause_leaves_no_trace(
    lab: Lab, straight: Any, draw: random.Random, task: str, name: str
) -> None:
    """Nor does what is looked at meanwhile: evaluating and saving touch nothing."""
    cut = draw.randint(CUT_FROM, CUT_TO)
    run = lab.start(
        task,
        steps=STEPS,
        values=values_of(task, name),
        commands=steering(name),
        max_steps_per_s=SLOWLY,
    )

    run.wait_for_step(cut)
    before = [run.send(command) for command in (Evaluate(), Pause())]  # the run does not wait
    for sent in before:
        run.answer(sent)
    for command in (SaveCheckpoint(), Evaluate(), Resume()):
        run.do(command)

    assert_same(straight(task, name), run.finished())


@every_case
def test_stop_and_fork_go_on_where_the_run_was(
    lab: Lab, straight: Any, draw: random.Random, task: str, name: str
) -> None:
    cut = draw.randint(CUT_FROM, CUT_TO)
    run = lab.start(
        task,
        steps=STEPS,
        values=values_of(task, name),
        commands=steering(name),
        max_steps_per_s=SLOWLY,
    )

    run.wait_for_step(cut)
    run.send(Stop())
    assert run.end()["status"] == RunStatus.STOPPED
    fork = lab.fork(run, run.checkpoints()[-1], steps=STEPS).finished()

    assert fork.checkpoints()[0]["state_sha256"] == run.final_sha256
    assert_same(straight(task, name), run, fork)


@every_case
def test_a_killed_run_is_continued_from_its_last_checkpoint(
    lab: Lab, straight: Any, draw: random.Random, task: str, name: str
) -> None:
    cut = draw.randint(CUT_FROM, CUT_TO)
    run = lab.start(
        task,
        steps=STEPS,
        values=values_of(task, name),
        commands=steering(name),
        max_steps_per_s=SLOWLY,
    )

    run.wait_for_step(cut)
    saved = run.do(SaveCheckpoint())
    run.wait_for_step(saved["step"] + 5)
    run.kill()
    ident = saved["after"]["checkpoint_id"]  # on a slow machine the run may have saved others since
    (checkpoint,) = run.checkpoints(checkpoint_id=ident)
    fork = lab.fork(run, checkpoint, steps=STEPS).finished()

    assert_same(straight(task, name), run, fork)


@pytest.mark.parametrize("fetching", ["noisy-pairs", "noisy-pairs-fetched"])
def test_random_examples_are_the_same_after_an_interruption(
    lab: Lab, shared_lab: Lab, draw: random.Random, fetching: str
) -> None:
    """Augmentation in a data set, drawn from torch, numpy and python, with 0 and 2 loaders."""
    whole = shared_lab.start("noisy-pairs", steps=24).finished()
    cut = draw.randint(6, 9)  # 5 updates make an epoch

    run = lab.start(fetching, steps=24, max_steps_per_s=50)
    run.wait_for_step(cut)
    run.do(SaveCheckpoint())
    run.kill()
    fork = lab.fork(run, run.checkpoints()[-1], steps=24).finished()

    assert_same(whole, run, fork)


def test_a_fork_of_a_fork_in_a_fresh_process_is_still_exact(lab: Lab, straight: Any) -> None:
    """At fixed steps, among them the first one of an epoch, and one where a ramp ends."""
    first = lab.start(
        "spirals", steps=32, values=values_of("spirals", "adam"), commands=steering("adam")
    )
    second = lab.fork(first, first.finished().checkpoints()[-1], steps=105).finished()
    path = second.checkpoint_path(second.checkpoints()[-1])

    third = lab.start_cold(
        "spirals", steps=STEPS, parent_directory=str(path.relative_to(lab.data_dir))
    ).finished()

    # The first run planned its one-cycle for its own length.
    assert third.state_of(third.checkpoints()[-1])["schedule"]["length"] == 32
    whole = lab.start(
        "spirals",
        steps=STEPS,
        values={**values_of("spirals", "adam"), "schedule_steps": 32},
        commands=steering("adam"),
    ).finished()
    assert {**first.costs, **second.costs, **third.costs} == whole.costs


def test_an_extended_run_is_the_longer_run(lab: Lab) -> None:
    longer = lab.start("digits-cnn", steps=50, values={"hidden_units": 4}).finished()

    run = lab.start("digits-cnn", steps=20, values={"hidden_units": 4}, commands=[Extend(steps=30)])

    assert_same(longer, run.finished())


def test_an_evaluation_leaves_no_trace(lab: Lab) -> None:
    """Before the first one that happens anyway: all networks are in training mode until then."""
    whole = lab.start("digits-cnn", steps=15, values={"hidden_units": 4}).finished()

    looked_at = lab.start(
        "digits-cnn", steps=15, values={"hidden_units": 4}, commands=[Evaluate(), Evaluate()]
    ).finished()

    assert looked_at.points["val/cost"].keys() == {0, 15}
    assert_same(whole, looked_at)


def test_equal_seeds_give_equal_runs_and_others_do_not(lab: Lab) -> None:
    runs = [lab.start("spirals", steps=20, seed=seed).finished() for seed in (7, 7, 8)]

    assert runs[0].costs == runs[1].costs
    assert runs[0].final_sha256 == runs[1].final_sha256
    assert runs[0].final_sha256 != runs[2].final_sha256


def test_a_fork_leaves_its_parent_as_it_was(lab: Lab) -> None:
    """And two forks of one checkpoint do not see each other."""
    parent = lab.start("spirals", steps=20).finished()
    written = (path for path in parent.directory.rglob("*") if path.is_file())
    files = sorted(path for path in written if "exit-" not in path.name)  # the fork server's, later
    before = [path.read_bytes() for path in files]

    forks = [
        lab.fork(parent, parent.checkpoints()[-1], steps=40, values={"learning_rate": rate})
        for rate in (0.001, 0.2)
    ]
    starts = {fork.finished().costs[21] for fork in forks}

    assert len(starts) == 1  # the first cost after the fork knows nothing of the new rate
    assert forks[0].final_sha256 != forks[1].final_sha256
    assert [path.read_bytes() for path in files] == before

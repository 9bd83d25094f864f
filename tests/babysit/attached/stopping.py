"""Trainings that end earlier or later than their scripts say, and are continued."""

from __future__ import annotations

import json
from pathlib import Path

from babysit.protocol.commands import Extend, Stop
from tests.babysit.attached.scripts import SAVES, ScriptRun
from tests.babysit.fork_client import ForkServer

STEPS_PER_S = 60.0  # slow enough to be met on the way


def slow_down(run: ScriptRun) -> None:
    body = json.loads((run.directory / "run.json").read_text())
    (run.directory / "run.json").write_text(json.dumps({**body, "max_steps_per_s": STEPS_PER_S}))


def check_that_a_stop_leaves_no_trace(
    fork_server: ForkServer, place: Path, script: Path, at: int
) -> None:
    """Compare losses and weights; what the end of an epoch measures is measured at the stop too."""
    whole = ScriptRun(fork_server, place / "whole", script)
    assert whole.finish() == 0, whole.log()
    expected = whole.read()

    run = ScriptRun(fork_server, place / "stopped", script)
    slow_down(run)
    run.start()
    run.wait_for_step(at)
    run.send(Stop())
    assert run.wait() == 0, run.log()
    assert run.read().status == "stopped"
    assert run.read().of_kind("checkpoint_saved")[-1]["step"] < max(expected.points["train/loss"])
    assert run.finish() == 0, run.log()

    found = run.read()
    assert found.points["train/loss"] == expected.points["train/loss"]
    assert found.weights == expected.weights


def check_that_an_extension_survives(
    fork_server: ForkServer, place: Path, script: Path, further: int = 40
) -> None:
    """Kill the training in the part by which it was made longer."""
    runs = []
    for name in ("whole", "killed"):
        run = ScriptRun(fork_server, place / name, script, BABYSIT_SAVE_AT=SAVES)
        slow_down(run)
        run.send(Extend(steps=further))
        runs.append(run)
    whole, killed = runs
    assert whole.finish() == 0, whole.log()
    expected = whole.read()
    last = max(expected.points["train/loss"])
    assert expected.of_kind("declared")[-1]["steps"] == last

    assert killed.kill_at(last - 15) == -9, killed.log()
    assert killed.finish() == 0, killed.log()
    found = killed.read()
    assert found.points["train/loss"] == expected.points["train/loss"]
    assert found.weights == expected.weights

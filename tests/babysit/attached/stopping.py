"""A training that is stopped inside an epoch, and continued: as if nothing had been."""

from __future__ import annotations

import json
from pathlib import Path

from babysit.protocol.commands import Stop
from tests.babysit.attached.scripts import ScriptRun
from tests.babysit.fork_client import ForkServer

STEPS_PER_S = 60.0  # slow enough to be met on the way


def check_that_a_stop_leaves_no_trace(
    fork_server: ForkServer, place: Path, script: Path, at: int
) -> None:
    """Compare losses and weights; what the end of an epoch measures is measured at the stop too."""
    whole = ScriptRun(fork_server, place / "whole", script)
    assert whole.finish() == 0, whole.log()
    expected = whole.read()

    run = ScriptRun(fork_server, place / "stopped", script)
    body = json.loads((run.directory / "run.json").read_text())
    (run.directory / "run.json").write_text(json.dumps({**body, "max_steps_per_s": STEPS_PER_S}))
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

"""Two processes that train together: steered, paused, killed and continued as one."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from babysit.protocol.commands import Pause, Resume, Set, Stop
from tests.babysit.attached.scripts import SAVES, ScriptRun, training
from tests.babysit.fork_client import ForkServer
from tests.sizes import FULL

pytestmark = [pytest.mark.slow, pytest.mark.sampled(1)]

GROUP_TIMEOUT_S = 4
PAUSE_S = 10  # longer than any collective of the group may take


def ddp(fork_server: ForkServer, place: Path, **environment: str) -> ScriptRun:
    found: dict[str, Any] = dict(environment)
    return ScriptRun(fork_server, place, training("ddp"), seed=123, processes=2, **found)


def ranks_of(run: ScriptRun) -> list[int]:
    """The processes of the ranks."""
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text()
    return [
        int(pid)
        for pid in children.split()
        if b"ddp.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def kill_at(run: ScriptRun, step: int, victim: int | None) -> None:
    """Begin an attempt; kill one rank, or with None the process that started them."""
    run.start()
    run.wait_for_step(step)
    with contextlib.suppress(ProcessLookupError, FileNotFoundError, IndexError):
        os.kill(run.pid if victim is None else ranks_of(run)[victim], signal.SIGKILL)
    assert run.wait() != 0, run.log()


def test_ranks_that_were_killed_end_equal_to_the_last_bit(
    tmp_path: Path, fork_server: ForkServer, draw: random.Random
) -> None:
    whole = ddp(fork_server, tmp_path / "whole", BABYSIT_SAVE_AT=SAVES)
    assert whole.finish() == 0, whole.log()
    expected = whole.read()
    assert expected.status == "finished"
    steps = max(expected.points["train/loss"])

    killed = ddp(fork_server, tmp_path / "killed", BABYSIT_SAVE_AT=SAVES)
    victims = draw.sample([0, 1, None], 3 if FULL else 2)
    places = sorted(draw.randint(2, steps - 5) for _ in victims)
    for at, victim in zip(places, victims, strict=True):
        kill_at(killed, at, victim)
    assert killed.finish() == 0, killed.log()
    found = killed.read()
    assert found.bits() == expected.bits()
    assert found.weights == expected.weights
    assert all(event["verified"] for event in found.of_kind("recovered"))
    assert not any(
        event["status"] in ("failed", "lost") for event in found.of_kind("status_changed")
    )


def test_a_change_is_made_by_all_ranks_before_the_same_update(
    tmp_path: Path, fork_server: ForkServer
) -> None:
    run = ddp(fork_server, tmp_path)
    run.send(Set(values={"learning_rate": {"times": 0.5}}, at_step=10))
    run.send(Set(values={"learning_rate": 0.02, "momentum": 0.5}, at_step=20, over_steps=7))
    assert run.finish() == 0, run.log()
    points = run.read().points
    assert points["learning_rate"][10] == 0.1
    assert points["learning_rate"][11] == 0.05
    assert points["learning_rate"][87] == 0.02
    assert set(points["train/apart"].values()) == {0.0}, "the weights of the ranks are the same"


def test_a_pause_may_outlast_the_timeout_of_the_process_group(
    tmp_path: Path, fork_server: ForkServer
) -> None:
    run = ddp(fork_server, tmp_path, GROUP_TIMEOUT_S=str(GROUP_TIMEOUT_S))
    run.send(Pause())
    run.start()
    run.until("status_changed", 2)
    run.send(Resume(for_steps=5))
    run.until("status_changed", 4)
    threading.Event().wait(PAUSE_S)  # the pause itself: that nothing happens in it is the point
    run.send(Set(values={"learning_rate": 0.02}))
    run.send(Resume(for_steps=5))
    run.until("status_changed", 6)
    run.send(Stop())
    assert run.wait() == 0, run.log()
    found = run.read()
    assert found.status == "stopped"
    assert max(found.points["train/loss"]) == 10
    assert set(found.points["train/apart"].values()) == {0.0}
    assert found.of_kind("checkpoint_saved")[-1]["step"] == 10

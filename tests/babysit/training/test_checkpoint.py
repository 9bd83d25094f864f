"""Checkpoints: there before each change and at each rest, whole or not at all, refused when bad."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from babysit.protocol.commands import Pause, Resume, SaveCheckpoint, Set, Stop
from babysit.protocol.status import RunStatus
from babysit.storage.manifest import Announced, CheckpointDamaged
from babysit.training.checkpoint import load_checkpoint
from tests.babysit.waiting import WITHIN_S, wait_until
from tests.babysit.worker_harness import Lab, LabRun, Said

LONG = 100_000
# 2 million parameters: long enough on the way to the disk to be killed there.
WIDE = """
import torch
from torch import nn
from babysit.task import Data, Examples, Task, mean_squared_error

def load():
    x = torch.ones(4, 1000)
    return Data(train=Examples(x, x), val=Examples(x, x))

TASK = Task(title="Wide", summary="", kind="regression", load=load, cost=mean_squared_error,
            build=lambda values: nn.Sequential(nn.Linear(1000, 1000), nn.Linear(1000, 1000)),
            defaults={"learning_rate": 1e-6})
"""


def causes(run: LabRun) -> list[str]:
    return [checkpoint["cause"] for checkpoint in run.checkpoints()]


def test_a_run_leaves_a_checkpoint_at_its_start_at_each_pause_and_at_its_end(lab: Lab) -> None:
    run = lab.start("spirals", steps=LONG, max_steps_per_s=400)
    run.wait_for_step(3)
    paused = run.do(Pause())
    run.do(Resume())
    run.wait_for_step(run.step() + 2)
    run.do(Stop())
    ending = run.end()

    assert causes(run) == ["start", "pause", "end"]
    steps = [checkpoint["step"] for checkpoint in run.checkpoints()]
    assert steps == [0, paused["step"], ending["step"]]
    # Said only after it is on the disk, and before the run says that it rests.
    kinds = [(event["kind"], event.get("cause") or event.get("status")) for event in run.events]
    assert kinds.index(("checkpoint_saved", "pause")) < kinds.index(("status_changed", "paused"))
    assert kinds.index(("checkpoint_saved", "end")) < kinds.index(("status_changed", "stopped"))


def test_before_each_change_stands_a_checkpoint_with_the_old_values(lab: Lab) -> None:
    """Of the state before the change: what the change then writes must not show in it."""
    rates = [0.04, 0.03, 0.02]
    run = lab.start(
        "spirals",
        steps=40,
        commands=[
            Set(values={"learning_rate": rate}, at_step=10 * place)
            for place, rate in enumerate(rates, 1)
        ],
    ).finished()

    for changed, before in zip(run.said("changed"), [0.05, *rates], strict=False):
        checkpoint = run.checkpoints(command_id=changed["command_id"])[0]
        state = run.state_of(checkpoint)
        assert (checkpoint["cause"], checkpoint["step"]) == ("change", changed["step"])
        assert state["values"]["learning_rate"] == before
        assert state["optimizer_values"]["learning_rate"] == before


def test_a_fork_from_before_a_change_is_the_run_without_it(lab: Lab) -> None:
    without = lab.start("spirals", steps=40).finished()
    steered = lab.start(
        "spirals", steps=40, commands=[Set(values={"learning_rate": 1.0}, at_step=20)]
    ).finished()

    before = steered.checkpoints(cause="change")[0]
    fork = lab.fork(steered, before, steps=40).finished()

    assert fork.final_sha256 == without.final_sha256 != steered.final_sha256


def test_a_change_in_a_pause_gets_a_checkpoint_beside_the_one_of_the_pause(lab: Lab) -> None:
    run = lab.start("spirals", steps=LONG, commands=[Pause()])
    first = run.event("checkpoint_saved")
    run.do(Set(values={"learning_rate": 0.2}))
    run.do(SaveCheckpoint())
    second = run.checkpoints()[-1]

    assert first["step"] == second["step"] == 0
    assert first["directory"] != second["directory"]
    assert first["state_sha256"] != second["state_sha256"]
    assert first["weights_sha256"] == second["weights_sha256"]
    assert run.state_of(first)["values"]["learning_rate"] == 0.05
    assert run.state_of(second)["values"]["learning_rate"] == 0.2


def test_what_is_announced_is_what_is_on_the_disk(lab: Lab) -> None:
    run = lab.start(
        "digits-cnn", steps=30, values={"hidden_units": 4}, commands=[SaveCheckpoint()]
    ).finished()

    assert len({c["checkpoint_id"] for c in run.checkpoints()}) == len(run.checkpoints())
    for checkpoint in run.checkpoints():
        snapshot = load_checkpoint(run.checkpoint_path(checkpoint))
        assert snapshot.state_sha256() == checkpoint["state_sha256"]
        assert snapshot.weights_sha256() == checkpoint["weights_sha256"]
        assert snapshot.state["step"] == checkpoint["step"]
    assert run.checkpoints()[-1]["val_cost"] == run.points["val/cost"][30]


# ---- damage -----------------------------------------------------------------------------------


def truncate(path: Path) -> None:
    file = path / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])


def flip_a_bit(path: Path) -> None:
    file = path / "optimizer.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


def swap_with_the_first(path: Path) -> None:
    """A sound file, and its entry in the manifest: only together with the others is it wrong."""
    other = path.parent / "0"
    shutil.copy(other / "model.safetensors", path)
    manifest = json.loads((path / "manifest.json").read_text())
    theirs = json.loads((other / "manifest.json").read_text())
    manifest["files"]["model.safetensors"] = theirs["files"]["model.safetensors"]
    (path / "manifest.json").write_text(json.dumps(manifest))


def edit_a_value(path: Path) -> None:
    file = path / "state.json"
    file.write_text(file.read_text().replace("0.05", "0.06"))


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "truncated": (truncate, "model.safetensors has the wrong size"),
    "one bit": (flip_a_bit, "optimizer.safetensors differs"),
    "swapped": (swap_with_the_first, "do not belong together"),
    "edited": (edit_a_value, "state.json differs"),
    "file missing": (lambda path: (path / "random.safetensors").unlink(), "random.safetensors"),
    "no manifest": (lambda path: (path / "manifest.json").unlink(), "manifest.json is missing"),
    "no json": (lambda path: (path / "manifest.json").write_text("{"), "cannot be read"),
    "a list": (lambda path: (path / "manifest.json").write_text("[]"), "cannot be read"),
    "newer": (lambda path: (path / "manifest.json").write_text('{"format": 2}'), "format is 2"),
    "all gone": (shutil.rmtree, "is missing"),
    "a link": (lambda path: linked(path / "model.safetensors", "/dev/zero"), "is a link"),
    "linked": (lambda path: linked(path, path.rename(f"{path}-")), "is no folder"),
    "a pipe": (lambda path: piped(path / "model.safetensors"), "is no plain file"),
    "only a pipe": (lambda path: piped(path / "manifest.json"), "is no plain file"),
    "endless": (lambda path: os.truncate(path / "model.safetensors", 1 << 40), "wrong size"),
    "huge": (lambda path: os.truncate(path / "manifest.json", 1 << 40), "is too large"),
    "deep": (lambda path: (path / "manifest.json").write_text("[" * 100_000), "cannot be read"),
    "a million tensors": (lambda path: forged(path, b"{" + b" " * 20_000_000), "more tensors"),
    "no header": (lambda path: forged(path, b"panda"), "cannot be read"),
}


def linked(path: Path, target: str | Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def forged(path: Path, header: bytes) -> None:
    """Other weights, and a manifest that vouches for them."""
    content = len(header).to_bytes(8, "little") + header
    (path / "model.safetensors").write_bytes(content)
    manifest = json.loads((path / "manifest.json").read_text())
    entry = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    manifest["files"]["model.safetensors"] = entry
    (path / "manifest.json").write_text(json.dumps(manifest))


@pytest.fixture(scope="module")
def sound(shared_lab: Lab) -> LabRun:
    return shared_lab.start("spirals", steps=20).finished()


@pytest.mark.parametrize("kind", list(DAMAGE))
def test_a_damaged_checkpoint_is_refused_with_the_reason(sound: LabRun, kind: str) -> None:
    damage, reason = DAMAGE[kind]
    path = sound.directory / "checkpoints" / f"damaged-{kind}"
    shutil.copytree(sound.checkpoint_path(sound.checkpoints()[-1]), path)
    load_checkpoint(path)

    damage(path)

    with pytest.raises(CheckpointDamaged, match=reason):
        load_checkpoint(path)


def test_another_checkpoint_in_its_place_is_not_the_one_that_was_announced(sound: LabRun) -> None:
    first, *_, last = sound.checkpoints()
    path = sound.checkpoint_path(last)

    assert load_checkpoint(path, announced(last)).state["step"] == 20
    with pytest.raises(CheckpointDamaged, match="not the one that was announced"):
        load_checkpoint(path, announced(first))


def announced(saved: dict[str, Any]) -> Announced:
    return Announced(saved["state_sha256"], saved["bytes"])


def test_a_fork_from_a_damaged_checkpoint_fails_and_says_why(lab: Lab) -> None:
    parent = lab.start("spirals", steps=20).finished()
    checkpoint = parent.checkpoints()[-1]
    truncate(parent.checkpoint_path(checkpoint))

    ending = lab.fork(parent, checkpoint, steps=40).end()

    assert ending["status"] == RunStatus.FAILED
    assert "model.safetensors has the wrong size" in ending["reason"]


def test_a_kill_in_the_middle_of_saving_leaves_no_half_checkpoint(
    lab: Lab, draw: random.Random
) -> None:
    task = lab.task("wide", WIDE)
    for _ in range(4):
        run = lab.start(task, steps=LONG, max_steps_per_s=100)
        run.event("checkpoint_saved", cause="start")
        run.wait_for_step(run.step() + draw.randint(1, 6))
        run.send(SaveCheckpoint())
        folder = run.directory / "checkpoints"
        wait_until(
            lambda folder=folder: next(folder.glob(".*.part/model*"), None),  # type: ignore[misc]
            is_alive=run.is_alive,
            what="a checkpoint on its way",
        )
        run.kill()

        visible = [path for path in folder.iterdir() if not path.name.startswith(".")]
        assert {run.checkpoint_path(saved) for saved in run.checkpoints()} <= set(visible)
        assert visible
        for path in visible:
            load_checkpoint(path)


# ---- a disk that takes nothing ----------------------------------------------------------------


def test_a_save_that_fails_is_refused_and_can_be_tried_again(lab: Lab) -> None:
    """A checkpoint is announced when it is on the disk, and never otherwise."""
    run = lab.start("spirals", steps=LONG, commands=[Pause()])
    run.event("status_changed", status="paused")
    run.do(Set(values={"learning_rate": 0.2}))
    obstacle = run.directory / "checkpoints" / ".0-2.part"
    obstacle.write_text("in the way")

    refused = run.do(SaveCheckpoint())
    shutil.rmtree(obstacle, ignore_errors=True)
    obstacle.unlink(missing_ok=True)
    applied = run.do(SaveCheckpoint())

    assert refused["kind"] == "refused"
    assert "could not be written" in run.said("warned")[0]["message"]
    assert applied["kind"] == "applied"
    saved: Said = run.checkpoints(checkpoint_id=applied["after"]["checkpoint_id"])[0]
    assert load_checkpoint(run.checkpoint_path(saved)).state["values"]["learning_rate"] == 0.2


# ---- forks that once could not start ----------------------------------------------------------


def test_a_checkpoint_on_a_late_and_short_ramp_can_be_continued(lab: Lab) -> None:
    """Asked for a step long before its beginning, a ramp must not run to infinity."""
    commands = [Set(values={"learning_rate": 1e-6}, at_step=300, over_steps=4)]
    whole = lab.start("spirals", steps=310, commands=commands).finished()

    parent = lab.start("spirals", steps=302, commands=commands).finished()
    fork = lab.fork(parent, parent.checkpoints()[-1], steps=310).finished()

    assert fork.final_sha256 == whole.final_sha256


def test_a_schedule_at_0_cannot_become_the_base_of_a_learning_rate(lab: Lab) -> None:
    run = lab.start(
        "spirals",
        steps=40,
        values={"schedule": "cosine", "schedule_steps": 10, "final_factor": 0.0},
        commands=[
            Set(values={"schedule": "constant"}, at_step=20),
            Set(values={"schedule": "constant", "learning_rate": 0.01}, at_step=30),
        ],
    ).finished()

    assert run.answers(1)[0]["field"] == "learning_rate"
    assert run.answers(2)[0]["after"]["learning_rate"] == 0.01
    forked = lab.fork(run, run.checkpoints()[-1], steps=45).finished()
    assert forked.points["learning_rate"][45] == 0.01


def test_waiting_is_bounded() -> None:
    """Every wait of these tests ends, also when nothing comes."""
    with pytest.raises(AssertionError, match="not within"):
        wait_until(lambda: None, is_alive=lambda: True, what="nothing", within_s=0.01)
    with pytest.raises(AssertionError, match="ended before"):
        wait_until(lambda: None, is_alive=lambda: False, what="nothing", within_s=WITHIN_S)

"""What somebody else put there: checkpoints that were copied in, and tasks that mean no good."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Serve
from tests.live import LiveServer

ANSWERED_WITHIN_S = 2.0

FORKS = """
import os, pathlib
folder = pathlib.Path(__file__).parent
with (folder / "pids").open("a") as pids:
    pids.write(f"{os.getpid()} ")
os.fork()
"""
HANGS = FORKS + "while True: pass\n"


def linked(path: Path) -> None:
    away = path.with_name(f"away-{path.name}")
    path.rename(away)
    path.symlink_to(away)


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def replaced(path: Path) -> None:
    """A whole checkpoint, but another one."""
    shutil.rmtree(path)
    shutil.copytree(path.parent / "0", path)


FOREIGN: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pipe for a manifest": (lambda path: piped(path / "manifest.json"), "no plain file"),
    "a pipe for weights": (lambda path: piped(path / "model.safetensors"), "no plain file"),
    "a link to weights": (lambda path: linked(path / "model.safetensors"), "is a link"),
    "a link to a folder": (linked, "is no folder"),
    "a huge manifest": (lambda path: os.truncate(path / "manifest.json", 1 << 40), "too large"),
    "huge weights": (lambda path: os.truncate(path / "model.safetensors", 1 << 40), "wrong size"),
    "a deep manifest": (lambda path: (path / "manifest.json").write_text("[" * 99_999), "read"),
    "another one": (replaced, "not the one that was announced"),
}


@pytest.fixture(scope="module")
def saved(shared: LiveServer) -> Path:
    """The checkpoints of a run that is over."""
    run = shared.start_run("spirals", steps=15)
    shared.wait_for_status(run["id"], "finished")
    return shared.data_dir / "runs" / str(run["id"]) / "checkpoints"


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_not_the_announced_checkpoint_is_refused_with_the_reason(
    shared: LiveServer, saved: Path, kind: str
) -> None:
    change, reason = FOREIGN[kind]
    listing = f"/api/runs/{saved.parent.name}/checkpoints"
    end = shared.client.get(listing).json()[-1]
    assert end["valid"]
    kept = saved.parent / "kept"
    shutil.copytree(saved / "15", kept)
    try:
        change(saved / "15")

        listed = shared.client.get(listing, timeout=ANSWERED_WITHIN_S).json()[-1]
        path = f"/api/checkpoints/{end['id']}/fork"
        refused = shared.client.post(path, json={}, timeout=ANSWERED_WITHIN_S)
    finally:
        place = saved / "15"
        place.unlink() if place.is_symlink() else shutil.rmtree(place)
        kept.rename(place)

    assert not listed["valid"]
    assert (refused.status_code, refused.json()["state"]) == (409, "damaged")
    assert reason in refused.json()["message"]


def test_a_checkpoint_that_was_copied_in_is_none(shared: LiveServer, saved: Path) -> None:
    listing = f"/api/runs/{saved.parent.name}/checkpoints"
    before = shared.client.get(listing).json()

    shutil.copytree(saved / "15", saved / "14")

    assert shared.client.get(listing).json() == before
    paths = shared.client.get("/api/openapi.json").json()["paths"]
    assert [path for path in paths if {"import", "upload"} & set(path.split("/"))] == []


def test_a_task_that_hangs_or_forks_does_not_hold_up_the_server(
    serve: Serve, data_dir: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    spirals = (Path(__file__).parents[2] / "models" / "spirals.py").read_text()
    (folder / "a_fork.py").write_text(spirals + FORKS)
    (folder / "hangs.py").write_text(HANGS)
    with serve(data_dir, "--no-demo", BABYSIT_MODELS=str(folder)) as server:

        def told(name: str) -> dict[str, Any] | None:
            tasks = server.client.get("/api/tasks").json()["tasks"]
            return next((task for task in tasks if task["name"] == name), None)

        fork = server.wait_until(lambda: told("a-fork"), "the task that forks is described")
        server.wait_until(
            lambda: len((folder / "pids").read_text().split()) > 1, "the other one is looked at"
        )
        taken_s = [took_s(server) for _ in range(50)]
        run = server.start_run("spirals", steps=20)
        finished = server.wait_for_status(run["id"], "finished")
        pids = {int(pid) for pid in (folder / "pids").read_text().split()}

        assert fork["error"] is None
        assert max(taken_s) < 1.0
        assert finished["step"] == 20
        assert told("hangs") is None  # it has half a minute; tests/training has what comes then
        assert server.process.pid not in pids


def took_s(server: LiveServer) -> float:
    began_s = time.monotonic()
    assert server.client.get("/api/health").status_code == 200
    return time.monotonic() - began_s

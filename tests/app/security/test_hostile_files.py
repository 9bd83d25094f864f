"""What somebody else put there: checkpoints that were copied in, and tasks that mean no good."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.store.store import Store
from app.store.tables.runs import CheckpointRow
from app.supervisor.ingest import Ingest
from app.web.routes.runs import PICTURE_BYTES_MAX
from babysit.protocol.events import CheckpointSaved
from babysit.protocol.spec.run_spec import CHECKPOINTS_PER_RUN_MAX
from tests.app.fake_worker import FakeWorker
from tests.conftest import Serve
from tests.live_server import LiveServer

ANSWERED_WITHIN_S = 2.0
WAITED_S = 20

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
    spirals = (Path(__file__).parents[3] / "models" / "spirals.py").read_text()
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


@pytest.mark.parametrize("kind", ["a pipe", "a link", "too deep", "too large"])
def test_a_picture_that_is_none_is_not_shown(shared: LiveServer, saved: Path, kind: str) -> None:
    path = saved.parent / "picture.json"
    address = f"/api/runs/{saved.parent.name}/picture"
    kept = path.read_bytes()
    assert shared.client.get(address).status_code == 200
    try:
        if kind == "a pipe":
            piped(path)
        elif kind == "a link":
            linked(path)
        else:
            path.write_text("[" * 99_999 if kind == "too deep" else " " * PICTURE_BYTES_MAX + "[]")

        answer = shared.client.get(address, timeout=ANSWERED_WITHIN_S)
    finally:
        path.unlink()
        path.write_bytes(kept)

    assert answer.status_code == 404


def test_a_recipe_does_not_wait_for_a_pipe(shared: LiveServer) -> None:
    """What a checkpoint between two changes holds is read in a file that a worker wrote."""
    run = shared.start_run("spirals", steps=1_000, max_steps_per_s=100)["id"]
    shared.wait_for_step(run, 5)
    shared.command(run, "pause")
    shared.command(run, "set", values={"momentum": 0.5})
    shared.command(run, "save_checkpoint")
    shared.command(run, "stop")
    listed = shared.client.get(f"/api/runs/{run}/checkpoints").json()
    saved = next(item for item in listed if item["cause"] == "user")
    path = f"/api/checkpoints/{saved['id']}/fork"
    fork = shared.client.post(path, json={"steps": saved["step"] + 5}).json()["id"]
    shared.wait_for_status(fork, "finished")
    address = f"/api/runs/{fork}/export?format=recipe"
    with_file = shared.client.get(address)
    checkpoints = shared.data_dir / "runs" / str(run) / "checkpoints"
    states = [path for path in checkpoints.glob("*/state.json") if path.parent.name != "0"]

    for state in states:
        piped(state)
    without = shared.client.get(address, timeout=ANSWERED_WITHIN_S)

    assert with_file.status_code == 200
    assert without.status_code == 409


def test_a_checkpoint_that_is_changed_before_the_fork_begins_is_refused(
    narrow: LiveServer,
) -> None:
    """The server looked at it when it was asked; the worker must find the same."""
    run = narrow.start_run("spirals", steps=15)["id"]
    narrow.wait_for_status(run, "finished")
    end = narrow.client.get(f"/api/runs/{run}/checkpoints").json()[-1]["id"]
    other = narrow.start_run("spirals", steps=100_000, max_steps_per_s=100)["id"]
    narrow.wait_for_status(other, "running")
    fork = narrow.client.post(f"/api/checkpoints/{end}/fork", json={"steps": 20}).json()
    assert fork["status"] == "queued"

    replaced(narrow.data_dir / "runs" / str(run) / "checkpoints" / "15")
    narrow.command(other, "stop")
    failed = narrow.wait_for_status(fork["id"], "failed")

    assert "not the one that was announced" in failed["reason"]


def test_many_who_wait_for_the_tasks_leave_room_for_others(
    serve: Serve, data_dir: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "hangs.py").write_text("while True: pass\n")
    (data_dir / "tasks.json").unlink()
    with serve(data_dir, "--no-demo", BABYSIT_MODELS=str(folder)) as server:
        host, _, port = server.url.removeprefix("http://").partition(":")
        asked = f"GET /api/tasks?wait_s={WAITED_S} HTTP/1.1\r\nHost: {host}\r\n"
        asked += f"Authorization: Bearer {server.token}\r\n\r\n"
        with contextlib.ExitStack() as held:
            waiting = [
                held.enter_context(socket.create_connection((host, int(port)), timeout=WAITED_S))
                for _ in range(60)
            ]
            for one in waiting:
                one.sendall(asked.encode())
            for _ in range(10):
                answer = server.client.get("/api/runs", timeout=WAITED_S / 2)
                assert answer.status_code == 200
            for one in waiting:  # nobody was told anything yet
                one.setblocking(False)
                with pytest.raises(BlockingIOError):
                    one.recv(1)


@pytest.mark.parametrize(
    "directory", ["../../2/checkpoints/5", "/etc", ".", "..", "", "5/..", "\0"]
)
def test_a_worker_names_no_directory_but_its_own(store: Store, run_id: int, directory: str) -> None:
    worker = FakeWorker(store.runs_dir / str(run_id))
    saved = CheckpointSaved(
        step=5,
        checkpoint_id=run_id * CHECKPOINTS_PER_RUN_MAX + 1,
        directory=directory,
        cause="user",
        val_cost=None,
        bytes=1,
        weights_sha256="",
        state_sha256="",
    )
    worker.emit(saved)
    worker.emit(replace(saved, checkpoint_id=saved.checkpoint_id + 1, directory="5-2"))

    Ingest(store).read_to_end(run_id, 1)

    with store.reading() as session:
        assert list(session.scalars(select(CheckpointRow.directory))) == ["5-2"]
    worker.close()

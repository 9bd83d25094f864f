"""The server comes and goes; the training does not notice, and the history has no hole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from babysit.storage.journal import Frame, JournalReader, Points
from tests.app.sse_client import stream
from tests.app.waiting import eventually
from tests.conftest import Serve
from tests.live_server import LiveServer, end_marked
from tests.sizes import SERVER_KILLS, SERVER_SIGNALS, chosen

SLOW = {"steps": 100_000, "max_steps_per_s": 300}
ENDING = (signal.SIGTERM, signal.SIGINT)


@pytest.fixture
def mark() -> Iterator[str]:
    """For servers that come and go; their workers end with the test."""
    own = uuid.uuid4().hex
    yield own
    end_marked(own)


def worker_of(server: LiveServer, run_id: int) -> dict[str, Any]:
    return server.events(run_id, "worker_started")[-1]


def costs(server: LiveServer, run_id: int) -> tuple[list[int], list[Any]]:
    path = f"/api/runs/{run_id}/curves?series=train/cost&points=1000000"
    curve = server.client.get(path).json()["series"]["train/cost"]
    return curve["step"], curve["value"]


def journaled(directory: Path) -> dict[int, float]:
    """Every train cost that the worker wrote, from its own file."""
    found: dict[int, float] = {}
    reader = JournalReader(directory / "attempt-0001.journal")
    while records := reader.read():
        for record in records:
            assert isinstance(record, Frame)
            if isinstance(record.body, Points) and "train/cost" in record.body.names:
                values = record.body.values[record.body.names.index("train/cost")]
                found.update(zip(record.body.steps.tolist(), values.tolist(), strict=True))
    return found


def test_a_killed_server_loses_and_doubles_nothing(serve: Serve, data_dir: Path, mark: str) -> None:
    with serve(data_dir, "--no-demo", mark=mark) as server:
        run = server.start_run("spirals", **SLOW)
        server.wait_for_step(run["id"], 50)
        pid = worker_of(server, run["id"])["pid"]
        server.kill()
    for _ in range(SERVER_KILLS):
        with serve(data_dir, "--no-demo", mark=mark) as server:
            step = server.run(run["id"])["step"]
            server.wait_for_step(run["id"], step + 50)
            server.kill()
    with serve(data_dir, "--no-demo", mark=mark) as server:
        stopped = server.command(run["id"], "stop")
        server.wait_for_status(run["id"], "stopped")

        assert stopped["status"] == "applied"
        assert [event["pid"] for event in server.events(run["id"], "worker_started")] == [pid]
        steps, values = costs(server, run["id"])
        truth = journaled(data_dir / "runs" / str(run["id"]))
        assert steps == list(range(1, len(steps) + 1))
        assert dict(zip(steps, values, strict=True)) == truth
        ids = [(event["attempt"], event["seq"]) for event in server.events(run["id"])]
        assert len(ids) == len(set(ids))


def test_commands_sent_just_before_a_kill_are_carried_out_once(
    serve: Serve, data_dir: Path, mark: str
) -> None:
    with serve(data_dir, "--no-demo", mark=mark) as server:
        run = server.start_run("spirals", **SLOW)
        server.wait_for_status(run["id"], "running")
        path = f"/api/runs/{run['id']}/commands"
        sent = [
            server.client.post(path, json={"kind": "extend", "steps": 1}).json()["command_id"]
            for _ in range(20)
        ]
        server.kill()
    with serve(data_dir, "--no-demo", mark=mark) as server:
        for command_id in sent:
            answer = server.client.get(f"{path}/{command_id}?wait_s=10").json()
            assert answer["status"] == "applied"
        assert server.run(run["id"])["steps"] == SLOW["steps"] + 20


def test_a_killed_worker_is_lost_and_the_signal_is_named(
    serve: Serve, data_dir: Path, mark: str
) -> None:
    with serve(data_dir, "--no-demo", mark=mark, BABYSIT_RECOVERY="0") as server:
        run = server.start_run("spirals", **SLOW)
        server.wait_for_step(run["id"], 30)
        path = f"/api/runs/{run['id']}/commands"
        far = {"kind": "set", "values": {"learning_rate": 0.1}, "at_step": 90_000}
        waiting = server.client.post(path, json=far).json()["command_id"]

        os.kill(worker_of(server, run["id"])["pid"], signal.SIGKILL)

        lost = server.wait_for_status(run["id"], "lost")
        assert "signal 9 (SIGKILL)" in lost["reason"]
        steps, _ = costs(server, run["id"])
        assert steps == list(range(1, len(steps) + 1))
        assert len(steps) >= 30
        assert server.client.get(f"{path}/{waiting}").json()["status"] == "refused"
        assert "fork" in lost["allowed"]
        fork = server.client.get(f"/api/runs/{run['id']}/checkpoints").json()[-1]
        child = server.client.post(f"/api/checkpoints/{fork['id']}/fork", json={}).json()
        assert server.wait_for_step(child["id"], fork["step"] + 5)


def test_a_worker_that_died_with_the_server_is_lost_after_the_restart(
    serve: Serve, data_dir: Path, mark: str
) -> None:
    with serve(data_dir, "--no-demo", mark=mark, BABYSIT_RECOVERY="0") as server:
        run = server.start_run("spirals", **SLOW)
        server.wait_for_step(run["id"], 30)
        pid = worker_of(server, run["id"])["pid"]
        server.kill()
    os.kill(pid, signal.SIGKILL)
    with serve(data_dir, "--no-demo", mark=mark, BABYSIT_RECOVERY="0") as server:
        server.wait_for_status(run["id"], "lost")
        truth = journaled(data_dir / "runs" / str(run["id"]))
        steps, values = costs(server, run["id"])
        assert dict(zip(steps, values, strict=True)) == truth


def test_a_run_that_ended_meanwhile_is_told_as_it_ended(
    serve: Serve, data_dir: Path, mark: str
) -> None:
    with serve(data_dir, "--no-demo", mark=mark) as server:
        run = server.start_run("spirals", steps=150, max_steps_per_s=100)
        server.wait_for_step(run["id"], 10)
        server.kill()
    directory = data_dir / "runs" / str(run["id"])
    try:
        eventually(lambda: len(journaled(directory)) == 150, "the worker goes on alone")
    except AssertionError as error:
        files = sorted(path.name for path in directory.iterdir())
        log = (directory / "worker.log").read_text()
        raise AssertionError(
            f"{error}: {len(journaled(directory))} steps, {files}, {log}"
        ) from error
    with serve(data_dir, "--no-demo", mark=mark) as server:
        finished = server.wait_for_status(run["id"], "finished")
        assert finished["step"] == 150
        assert costs(server, run["id"])[0] == list(range(1, 151))


@pytest.mark.parametrize("number", chosen(ENDING, SERVER_SIGNALS))
def test_a_signal_ends_the_server_in_time_and_no_worker(
    serve: Serve, data_dir: Path, mark: str, number: signal.Signals
) -> None:
    with serve(data_dir, "--no-demo", mark=mark) as server:
        run = server.start_run("spirals", **SLOW)
        server.wait_for_step(run["id"], 10)
        pid = worker_of(server, run["id"])["pid"]
        received: list[str] = []

        def listen() -> None:
            with stream(server, runs=run["id"]) as messages:
                received.extend(message.event for message in messages)

        listeners = [threading.Thread(target=listen) for _ in range(5)]
        for listener in listeners:
            listener.start()
        server.wait_until(lambda: received.count("run") >= 5, "five streams are open")

        began_s = time.monotonic()
        server.process.send_signal(number)
        code = server.process.wait(5)
        took_s = time.monotonic() - began_s
        for listener in listeners:
            listener.join(5)

    assert code == 0
    assert took_s < 5
    assert received.count("bye") == 5
    before = len(journaled(data_dir / "runs" / str(run["id"])))
    directory = data_dir / "runs" / str(run["id"])
    eventually(lambda: len(journaled(directory)) > before, "the worker goes on")
    assert Path(f"/proc/{pid}").exists()


def test_a_second_server_is_refused_with_a_clear_line(shared: LiveServer) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "app.cli", "serve", "--port", "0"]
        + ["--data-dir", str(shared.data_dir)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert second.returncode == 1
    assert f"another server (process {shared.process.pid})" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_port_that_is_taken_is_told(shared: LiveServer, tmp_path: Path) -> None:
    port = shared.url.rpartition(":")[2]
    second = subprocess.run(
        [sys.executable, "-m", "app.cli", "serve", "--port", port]
        + ["--data-dir", str(tmp_path / "other")],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert second.returncode == 1
    assert f"port {port}" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_server_beyond_loopback_needs_a_name(tmp_path: Path) -> None:
    started = subprocess.run(
        [sys.executable, "-m", "app.cli", "serve", "--port", "0", "--host", "0.0.0.0"]
        + ["--data-dir", str(tmp_path / "var")],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert started.returncode == 1
    assert "--allow-host" in started.stderr


def test_a_worker_has_no_secret_in_its_environment(
    shared: LiveServer, running: dict[str, Any]
) -> None:
    pid = worker_of(shared, running["id"])["pid"]

    environment = Path(f"/proc/{pid}/environ").read_bytes()
    arguments = Path(f"/proc/{pid}/cmdline").read_bytes()

    assert b"BABYSIT_TOKEN" not in environment
    assert b"a-token-for-the-tests" not in environment + arguments


def test_the_description_of_the_api_is_printed_without_a_server() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "app.cli", "openapi"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert "/api/runs/{run_id}/commands" in json.loads(printed.stdout)["paths"]


def test_the_trainings_end_with_the_server_if_that_is_asked(serve: Serve, data_dir: Path) -> None:
    with serve(data_dir, "--no-demo", "--stop-workers") as server:
        runs = [
            server.start_run("spirals", steps=100_000, max_steps_per_s=200)["id"] for _ in range(2)
        ]
        for run_id in runs:
            server.wait_for_step(run_id, 20, timeout_s=60)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0

    with serve(data_dir, "--no-demo") as server:
        for run_id in runs:
            run = server.wait_for_status(run_id, "stopped")
            assert (run["reason"], run["attempt"]) == ("terminated", 1)
            last = server.client.get(f"/api/runs/{run_id}/checkpoints").json()[-1]
            assert (last["cause"], last["step"]) == ("end", run["step"])

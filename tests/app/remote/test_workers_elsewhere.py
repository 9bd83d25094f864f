"""Runs whose workers share no directory with the server: whatever is killed, the bits are equal."""

from __future__ import annotations

import json
import os
import random
import shlex
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.app.remote.cable import cable
from tests.app.remote.elsewhere import (
    STEPS,
    Elsewhere,
    elsewhere,
    recorded,
    start_steered,
    with_task,
)
from tests.app.security.test_secrets import disguises, finds
from tests.app.waiting import eventually
from tests.conftest import Serve
from tests.live_server import LiveServer, serving
from tests.sizes import CUT_S, REMOTE_MISHAPS, session_seed

PACE = 150  # steps per second, so that a run can be met in its middle
OVER = ("finished", "lost", "failed")


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The same run on the server's own machine."""
    folder = tmp_path_factory.mktemp("local")
    tasks = with_task(folder / "tasks")
    with serving(folder / "var", "--no-demo", BABYSIT_MODELS=str(tasks)) as server:
        run_id = start_steered(server)
        server.wait_for_status(run_id, "finished")
        return recorded(server, run_id)


@pytest.fixture
def there(tmp_path: Path, serve: Serve) -> Iterator[Elsewhere]:
    with elsewhere(tmp_path) as made:
        yield made


# ---- what may happen: each returns how the run ended, and what is recorded of it ---------------


def the_server_is_killed(there: Elsewhere, data_dir: Path) -> dict[str, Any]:
    with there.serving(data_dir) as server:
        run_id = start_steered(server, pace=PACE)
        server.wait_for_step(run_id, 60)
        server.kill()
    with there.serving(data_dir) as server:
        found = outcome(server, run_id)
        eventually((data_dir / f"runs/{run_id}/exit-0001.json").exists, "its end is known")
    assert [path.name for path in there.folder.iterdir()] == [f"told-{run_id}-1"]
    return found


def the_worker_is_killed(there: Elsewhere, data_dir: Path) -> dict[str, Any]:
    with there.serving(data_dir) as server:
        run_id = start_steered(server, pace=PACE)
        server.wait_for_step(run_id, 120)
        os.kill(next(iter(there.processes("babysit.remote.child"))), signal.SIGKILL)
        found = outcome(server, run_id, attempt=2)
        reasons = [event.get("reason") for event in server.events(run_id, "status_changed")]
    assert any("killed by signal 9" in (reason or "") for reason in reasons)
    return found


def the_lease_is_lost(there: Elsewhere, data_dir: Path) -> dict[str, Any]:
    with there.serving(data_dir, BABYSIT_LOST_AFTER_S="3") as server:
        run_id = start_steered(server, pace=PACE)
        server.wait_for_step(run_id, 120)
        first = [*there.processes("babysit"), *there.processes("babysit.remote.child")]
        there.kill_all(signal.SIGSTOP)
        server.wait_until(lambda: server.run(run_id)["attempt"] == 2, "another attempt")
        journal = data_dir / f"runs/{run_id}/attempt-0001.journal"
        before = journal.read_bytes()
        for pid in first:
            os.kill(pid, signal.SIGCONT)
        eventually(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid in first), "it ended")
        found = outcome(server, run_id, attempt=2)
    assert journal.read_bytes() == before
    return found


def the_connection_is_cut(there: Elsewhere, data_dir: Path) -> dict[str, Any]:
    with cable(there.port) as line:
        url = f"http://127.0.0.1:{line.port}"
        with there.serving(data_dir, BABYSIT_WORKER_URL=url) as server:
            run_id = start_steered(server, pace=PACE)
            server.wait_for_step(run_id, 100)
            line.cut()
            step = server.run(run_id)["step"]
            held = line.stay_cut(CUT_S, lambda: server.run(run_id))
            found = outcome(server, run_id)
            warnings = [event["message"] for event in server.events(run_id, "warned")]
    assert held["step"] <= step + PACE  # what was on its way
    said = any("No contact with the worker on" in message for message in warnings)
    assert said == (CUT_S > 20)
    return found


def outcome(server: LiveServer, run_id: int, attempt: int = 1) -> dict[str, Any]:
    run = server.wait_for_status(run_id, *OVER, timeout_s=90)
    assert (run["status"], run["attempt"]) == ("finished", attempt), run["reason"]
    assert run["step"] == STEPS
    return recorded(server, run_id)


MISHAPS = (the_server_is_killed, the_worker_is_killed, the_lease_is_lost, the_connection_is_cut)
DRAWN = random.Random(session_seed()).sample(MISHAPS, REMOTE_MISHAPS)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mishap", DRAWN, ids=lambda mishap: mishap.__name__)
def test_a_run_elsewhere_is_equal_to_the_last_bit(
    mishap: Callable[[Elsewhere, Path], dict[str, Any]],
    there: Elsewhere,
    tmp_path: Path,
    reference: dict[str, Any],
) -> None:
    assert mishap(there, tmp_path / "var") == reference


# ---- the token, the command --------------------------------------------------------------------


def token_of(there: Elsewhere, run_id: int) -> str:
    return str(json.loads((there.folder / f"told-{run_id}-1").read_text())["token"])


@pytest.mark.parametrize("way", ["input", "environment"])
def test_the_token_is_nowhere_but_where_it_was_given(
    way: str, there: Elsewhere, tmp_path: Path
) -> None:
    there.has_variables = way == "environment"
    with there.serving(tmp_path / "var") as server:
        run_id = start_steered(server, pace=PACE)
        server.wait_for_step(run_id, 20)
        log = tmp_path / f"var/runs/{run_id}/worker.log"
        server.wait_until(lambda: log.exists() and "environment" in log.read_text(), "its output")
        secrets = disguises(token_of(there, run_id))
        arguments = [
            word
            for module in ("babysit", "babysit.remote.child")
            for words in there.processes(module).values()
            for word in words
        ]
        task = server.client.get(f"/api/runs/{run_id}/log").content
        server.command(run_id, "stop")

        assert len(arguments) >= 10
        assert not finds(" ".join(arguments).encode(), secrets)
        assert not finds(task + server.output.encode(), secrets)
        for file in [*(tmp_path / "var").rglob("*"), *there.folder.rglob("*")]:
            if file.is_file() and not file.name.startswith("told-"):
                assert not finds(file.read_bytes(), secrets), file


def test_a_command_that_fails_says_why(data_dir: Path, serve: Serve) -> None:
    fails = "sh -c 'echo Permission denied >&2; exit 255'"
    with serve(data_dir, "--no-demo", BABYSIT_LAUNCHER=fails) as server:
        run = server.wait_for_status(server.start_run("spirals")["id"], "lost")

    assert run["reason"] == (
        "The command that starts workers exited with code 255 without a worker: Permission denied"
    )


def test_a_run_that_waits_for_its_machine_can_be_stopped(
    data_dir: Path, tmp_path: Path, serve: Serve
) -> None:
    waits = f"sh -c 'echo $$ > {shlex.quote(str(tmp_path / 'pid'))}; exec sleep 1000'"
    settings = {"BABYSIT_LAUNCHER": waits, "BABYSIT_STUCK_AFTER_S": "0.5"}
    with serve(data_dir, "--no-demo", **settings) as server:
        run_id = server.start_run("spirals")["id"]
        server.wait_until((tmp_path / "pid").exists, "the command runs")
        server.client.post(f"/api/runs/{run_id}/commands", json={"kind": "stop"})
        server.wait_for_status(run_id, "stopped")

        pid = int((tmp_path / "pid").read_text())
        server.wait_until(lambda: not Path(f"/proc/{pid}/exe").exists(), "the command ended")

"""A session in which everything happens that a database keeps, for tests of what is kept."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.app.small_searches import search, wait_for
from tests.live_server import LiveServer

DATABASE = "babysit.sqlite"
JSON = {"Content-Type": "application/json"}  # of a request without a body, too


def babysit(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of `babysit` to its end."""
    inherited = {name: value for name, value in os.environ.items() if "BABYSIT_" not in name}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def live_through(server: LiveServer) -> dict[str, int]:
    """Runs that were changed, noted, forked, renamed, trashed, pinned, killed, paused, replayed;
    and a search, refined, with a trial that was repeated.

    All of them are over at the end; their ids.
    """
    grown = server.start_run("spirals", steps=1_200, max_steps_per_s=400, name="first name")["id"]
    server.wait_for_step(grown, 20, timeout_s=60)
    server.command(grown, "set", values={"learning_rate": 0.02}, note="it crawls")
    post(server, f"runs/{grown}/commands", kind="set", values={"momentum": 0.95}, at_step=700)
    post(server, f"runs/{grown}/notes", text="a plateau, I think")
    server.client.patch(f"/api/runs/{grown}", json={"name": "second name", "note": "why not"})
    saved = server.command(grown, "save_checkpoint")["after"]["checkpoint_id"]
    server.command(grown, "pause")
    server.command(grown, "resume")
    worker = server.events(grown, "worker_started")[-1]["pid"]
    os.kill(worker, signal.SIGKILL)
    server.wait_until(lambda: server.events(grown, "recovered"), "the run is taken up again", 60)
    fork = post(server, f"checkpoints/{saved}/fork", values={"learning_rate": 0.05}, rewind=True)
    server.wait_for_status(grown, "stopped", "finished", timeout_s=60)
    server.wait_for_step(fork["id"], fork["step"] + 50, timeout_s=60)
    kept = server.client.get(f"/api/runs/{grown}/checkpoints").json()[-1]["id"]
    server.client.patch(f"/api/checkpoints/{kept}", json={"pinned": True})
    server.command(fork["id"], "pause")
    server.command(fork["id"], "stop")
    trashed = post(server, "runs", key="a key", task="spirals", steps=40)["id"]
    server.wait_for_status(trashed, "finished", timeout_s=60)
    gone = server.client.delete(f"/api/runs/{trashed}", headers=JSON)
    assert gone.is_success, gone.text
    for run_id in (grown, fork["id"]):
        server.wait_for_status(run_id, "stopped", "finished")
    replay = post(server, f"runs/{grown}/replay")["id"]
    server.wait_for_status(replay, "finished", "stopped", timeout_s=60)
    searched = search(server, strategy="coarse_to_fine", trials=4, rounds=2, keep=1)["id"]
    wait_for(server, searched)
    post(server, f"searches/{searched}/repeat", seeds=1)
    repeated = wait_for(server, searched, trials=5)["trials"][-1]["run_id"]
    refined = post(server, f"searches/{searched}/refine", trials=1)["id"]
    trial = wait_for(server, refined)["trials"][0]["run_id"]
    return {
        "grown": grown,
        "fork": fork["id"],
        "trashed": trashed,
        "replay": replay,
        "repeated": repeated,
        "trial": trial,
    }


def post(server: LiveServer, path: str, key: str | None = None, **body: Any) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = server.client.post(f"/api/{path}", json=body, headers=headers)
    assert answer.is_success, answer.text
    return answer.json()


def rows(file: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of a SQLite database, but for who is signed in."""
    with sqlite3.connect(file) as connection:
        names = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if name not in ("sessions", "sqlite_sequence")
        ]
        found = {
            name: sorted(connection.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr)
            for name in names
        }
    connection.close()
    return found


def answers(server: LiveServer, run_ids: list[int]) -> dict[str, Any]:
    """What the API says about some runs."""
    paths = ["/api/runs?limit=50", "/api/runs?trashed=true", "/api/searches"]
    paths += ["/api/searches/1", "/api/searches/2", "/api/searches/1/curves"]
    for run_id in run_ids:
        paths += [
            f"/api/runs/{run_id}{rest}"
            for rest in ("", "/events?limit=5000", "/checkpoints", "/family", "/curves?points=9999")
        ]
        commands = server.events(run_id, "command_sent")
        paths += [f"/api/runs/{run_id}/commands/{event['command_id']}" for event in commands]
    return {path: server.client.get(path).json() for path in paths}

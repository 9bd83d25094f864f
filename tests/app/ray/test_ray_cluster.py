"""Runs on two nodes of a Ray cluster: steered, found again, moved; equal to the last bit."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.app.ray.conftest import TwoNodes
from tests.app.remote.elsewhere import STEPS, free_port, recorded, start_steered, with_task
from tests.live_server import LiveServer, serving

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.timeout(1800)]

PACE = 20  # steps per second, so that a run can be met in its middle
BEGUN_WITHIN_S = 240.0  # a process of Ray, of Babysit and of PyTorch, on a busy machine
OVER = ("finished", "lost", "failed", "stopped")


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    return with_task(tmp_path / "tasks")


@pytest.fixture
def reference(tmp_path: Path, tasks: Path) -> dict[str, Any]:
    """The same run on the server's own machine."""
    with serving(tmp_path / "here", "--no-demo", BABYSIT_MODELS=str(tasks)) as server:
        know_the_tasks(server)
        run_id = start_steered(server)
        server.wait_for_status(run_id, "finished", timeout_s=BEGUN_WITHIN_S)
        return recorded(server, run_id)


def know_the_tasks(server: LiveServer) -> None:
    server.wait_until(
        lambda: server.client.get("/api/tasks").json()["ready"], "the tasks", BEGUN_WITHIN_S
    )


class There:
    """A server that uses the cluster, and may be started again."""

    def __init__(self, cluster: TwoNodes, data_dir: Path, tasks: Path) -> None:
        self._arguments = ("--no-demo", "--ray", cluster.address, "--port", str(free_port()))
        self._data_dir, self._tasks = data_dir, tasks

    def serving(self, **settings: str) -> AbstractContextManager[LiveServer]:
        given: Any = {"BABYSIT_MODELS": str(self._tasks), **settings}
        return serving(self._data_dir, *self._arguments, **given)

    def node_of(self, run_id: int, attempt: int = 1) -> str:
        lease = self._data_dir / f"runs/{run_id}/.attempt-{attempt:04d}.lease"
        return str(json.loads(lease.read_text())["machine"]["name"])


@pytest.fixture
def there(cluster: TwoNodes, tmp_path: Path, tasks: Path) -> There:
    return There(cluster, tmp_path / "var", tasks)


def test_runs_on_both_nodes_change_pause_resume_and_stop(there: There) -> None:
    with there.serving(BABYSIT_PARALLEL="3") as server:
        know_the_tasks(server)
        runs = [
            server.start_run("line", steps=100_000, max_steps_per_s=PACE)["id"] for _ in range(2)
        ]
        for run_id in runs:
            server.wait_for_step(run_id, 20, BEGUN_WITHIN_S)
        waits = server.start_run("line")["id"]

        changed = server.command(runs[0], "set", values={"learning_rate": 0.01})
        server.command(runs[0], "pause")
        held = server.wait_for_status(runs[0], "paused")["step"]
        server.command(runs[0], "resume")
        server.wait_for_step(runs[0], held + 20)
        assert server.run(waits)["status"] == "starting"
        for run_id in (waits, *runs):  # the one that waits for resources first
            server.client.post(f"/api/runs/{run_id}/commands", json={"kind": "stop"})
            server.wait_for_status(run_id, "stopped")

        assert changed["status"] == "applied"
        assert {there.node_of(run_id) for run_id in runs} == {"first", "second"}


def test_a_search_uses_what_the_cluster_has(there: There) -> None:
    space = {"learning_rate": {"scale": "log10", "low": 0.01, "high": 0.1}}
    asked = {"task": "line", "space": space, "strategy": "random", "trials": 4, "steps": 60}
    with there.serving(BABYSIT_RAY_RESOURCES="CPU=0.5") as server:
        know_the_tasks(server)
        made = server.client.post("/api/searches", json=asked)
        assert made.status_code == 201, made.text
        path = f"/api/searches/{made.json()['id']}"

        def finished() -> Any:
            search = server.client.get(path).json()
            return search if search["status"] == "finished" else None

        search = server.wait_until(finished, "the search ends", 2 * BEGUN_WITHIN_S)

        trials = [trial["run_id"] for trial in search["trials"]]
        assert made.json()["parallel"] == 4  # two on each node of one CPU
        assert [server.run(run_id)["status"] for run_id in trials] == ["finished"] * 4
        assert {there.node_of(run_id) for run_id in trials} == {"first", "second"}


def without_evaluations(found: dict[str, Any]) -> dict[str, Any]:
    """Every step and the state: a pause evaluates once more."""
    curves = {name: curve for name, curve in found["curves"].items() if name != "val/cost"}
    return {**found, "curves": curves}


# The last one: it kills a node.
def test_a_run_moves_when_its_node_is_killed_and_is_found_when_its_server_is(
    reference: dict[str, Any], there: There, cluster: TwoNodes
) -> None:
    with there.serving() as server:
        know_the_tasks(server)
        runs = [start_steered(server, pace=PACE) for _ in range(2)]
        for run_id in runs:
            server.wait_for_step(run_id, 20, BEGUN_WITHIN_S)
            server.command(run_id, "pause")
        stays, moves = sorted(runs, key=there.node_of)
        server.kill()
    with there.serving() as server:
        for run_id in runs:
            server.command(run_id, "resume")
        server.wait_for_step(moves, 150)
        cluster.kill("second")
        for run_id in runs:
            server.wait_for_status(run_id, *OVER, timeout_s=2 * BEGUN_WITHIN_S)

        ended = [server.run(run_id) for run_id in (stays, moves)]
        assert [run["status"] for run in ended] == ["finished"] * 2, ended
        assert [run["step"] for run in ended] == [STEPS] * 2
        assert [run["attempt"] for run in ended] == [1, 2]
        assert there.node_of(moves, 2) == "first"
        for run_id in runs:
            assert without_evaluations(recorded(server, run_id)) == without_evaluations(reference)

"""The machines as the API tells of them, and what a run says of its own."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.remote.leases import Lease
from app.store.runs.runs import find_run
from babysit.protocol.machine import machine_name
from babysit.protocol.status import RunStatus
from tests.app.remote.served import HERE, Served, served
from tests.live_server import TOKEN, web_client

SILENT_S = 40.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "var") as made:
        yield made
        made.close_connections()


@pytest.fixture
def client(server: Served) -> Iterator[httpx.Client]:
    with web_client(server.url, headers={"Authorization": f"Bearer {TOKEN}"}) as made:
        yield made


def machines(client: httpx.Client) -> list[dict[str, Any]]:
    answer = client.get("/api/machines")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def new_run(server: Served, status: RunStatus, **columns: Any) -> int:
    """A run as it would be with a worker that has begun."""
    run_id = server.new_run()
    with server.application.store.writing() as tx:
        run = find_run(tx.session, run_id)
        run.status, run.attempt = status, 1
        for name, value in columns.items():
            setattr(run, name, value)
    return run_id


def begun_elsewhere(server: Served, **columns: Any) -> tuple[int, Lease]:
    run_id = new_run(server, RunStatus.RUNNING, **columns)
    server.storage(run_id).begin()
    lease = server.application.leases.find(run_id, 1)
    assert lease is not None
    return run_id, lease


def test_without_others_there_is_the_servers_own_machine(
    server: Served, client: httpx.Client
) -> None:
    running = new_run(server, RunStatus.RUNNING, threads=1)
    paused = new_run(server, RunStatus.PAUSED, threads=1)

    [own] = machines(client)

    assert own["name"] == machine_name()
    assert (own["launcher"], own["status"], own["contact_s"]) == ("local", "up", None)
    assert own["runs"] == [running, paused]
    assert own["cpus_free"] == own["cpus"] - 1  # a paused run uses none
    assert own["babysit_version"] == "0.1.0"
    assert own["python"].count(".") == 2


def test_a_machine_with_a_worker_says_what_it_has_and_what_is_free(
    server: Served, client: httpx.Client
) -> None:
    run_id, _ = begun_elsewhere(server, threads=3, device="cuda:0")

    own, there = machines(client)

    assert own["runs"] == []
    assert there.pop("contact_s") < 10
    assert there == {
        "name": "box-a",
        "launcher": "command",
        "status": "up",
        "cpus": 4,
        "cpus_free": 1,
        "gpus": 1,
        "gpus_free": 0,
        "gpu_names": ["Fake GPU"],
        "memory_bytes": 1_000_000,
        "runs": [run_id],
        "babysit_version": HERE.babysit_version,
        "python": HERE.python,
    }


def test_a_silent_machine_is_down_until_it_is_heard_of(
    server: Served, client: httpx.Client
) -> None:
    run_id, lease = begun_elsewhere(server)
    assert client.get(f"/api/runs/{run_id}").json()["contact"]["is_silent"] is False

    lease.contact_s = time.monotonic() - SILENT_S

    assert machines(client)[1]["status"] == "down"
    assert machines(client)[1]["contact_s"] >= SILENT_S
    contact = client.get(f"/api/runs/{run_id}").json()["contact"]
    assert contact["is_silent"] is True
    assert SILENT_S <= contact["silent_s"] < SILENT_S + 10

    server.application.leases.end(lease)  # given up
    server.application.leases.forget(lease)
    assert machines(client)[1]["status"] == "down"
    assert machines(client)[1]["runs"] == []

    begun_elsewhere(server)
    assert machines(client)[1]["status"] == "up"


def test_of_a_machine_whose_worker_has_ended_nothing_is_known(
    server: Served, client: httpx.Client
) -> None:
    run_id = new_run(server, RunStatus.RUNNING)
    storage = server.storage(run_id)
    storage.begin()

    storage.end({"pid": 1, "status": 0, "signal": None, "peak_bytes": 0})

    there = machines(client)[1]
    assert (there["name"], there["status"], there["runs"]) == ("box-a", "unknown", [])


def test_a_server_that_was_started_again_knows_where_its_workers_are(
    server: Served, client: httpx.Client
) -> None:
    run_id, lease = begun_elsewhere(server)

    leases = server.application.leases
    leases.forget(lease)
    leases.find(run_id, 1)  # as the launcher does when it starts

    there = machines(client)[1]
    assert (there["name"], there["status"], there["runs"]) == ("box-a", "unknown", [run_id])
    assert there["contact_s"] is None


def test_a_queued_run_says_what_it_waits_for(server: Served, client: httpx.Client) -> None:
    places = server.application.settings.parallel
    for _ in range(places):
        new_run(server, RunStatus.RUNNING)
    queued = server.new_run()

    waits_for = client.get(f"/api/runs/{queued}").json()["waits_for"]

    message = f"Waits for a free slot: {places} of {places} are in use."
    assert waits_for == {"what": "slot", "message": message, "in_use": places, "of": places}
    listed = {run["id"]: run["waits_for"] for run in client.get("/api/runs").json()["runs"]}
    assert listed.pop(queued) == waits_for
    assert set(listed.values()) == {None}


def test_a_run_whose_launcher_has_no_machine_yet_says_so(
    server: Served, client: httpx.Client
) -> None:
    run_id = new_run(server, RunStatus.STARTING)
    server.application.leases.issue(run_id, 1)

    waits_for = client.get(f"/api/runs/{run_id}").json()["waits_for"]

    assert waits_for["what"] == "machine"
    said = r"Waits for its worker: what starts it has run for \d+ s\."
    assert re.fullmatch(said, waits_for["message"])
    assert len(machines(client)) == 1


def test_a_run_says_its_machine(server: Served, client: httpx.Client) -> None:
    run_id = new_run(server, RunStatus.FINISHED, machine="box-a")

    assert client.get(f"/api/runs/{run_id}").json()["machine"] == "box-a"
    assert client.get(f"/api/runs/{run_id}").json()["contact"] is None

"""Stores on both databases, servers that start at once, and a worker that is only played."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.store.engine import Database
from app.store.runs.create import start_run
from app.store.store import Store
from tests.app.fake_worker import SPIRALS
from tests.app.full_history import answers, live_through
from tests.app.steered_run import OVER
from tests.conftest import knowing_the_tasks, made_once
from tests.live_server import LiveServer, serving
from tests.services import find_postgres

DATABASES = ("sqlite", "postgresql") if find_postgres().path else ("sqlite",)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables, of each kind that this machine has."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("fresh_postgres_url")
        return url
    return f"sqlite:///{tmp_path / 'test.sqlite'}"


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    with_tables = Database(database_url)
    with_tables.migrate()
    made = Store(with_tables, tmp_path / "runs")
    made.runs_dir.mkdir(exist_ok=True)
    yield made
    made.close()


@pytest.fixture
def run_id(store: Store) -> int:
    """A queued run."""
    with store.writing() as tx:
        return start_run(tx, SPIRALS, {}).id


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, descriptions: Path) -> Iterator[LiveServer]:
    """One server for all tests that only ask, or start runs of their own."""
    folder = knowing_the_tasks(tmp_path_factory.mktemp("shared") / "var", descriptions)
    with serving(folder, "--no-demo") as server:
        yield server


@pytest.fixture(scope="session")
def shared_narrow(
    tmp_path_factory: pytest.TempPathFactory, descriptions: Path
) -> Iterator[LiveServer]:
    folder = knowing_the_tasks(tmp_path_factory.mktemp("narrow") / "var", descriptions)
    with serving(folder, "--no-demo", BABYSIT_PARALLEL="1") as server:
        yield server


@pytest.fixture
def narrow(shared_narrow: LiveServer) -> Iterator[LiveServer]:
    """One server with one place for a run, free when the test begins and again when it ends."""
    yield shared_narrow
    for run in shared_narrow.client.get("/api/runs").json()["runs"]:
        if run["status"] not in OVER:
            shared_narrow.client.post(f"/api/runs/{run['id']}/commands", json={"kind": "stop"})
            shared_narrow.wait_for_status(run["id"], *OVER)


@pytest.fixture(scope="session")
def ended(shared: LiveServer) -> dict[str, Any]:
    """A run of twelve steps that is finished."""
    run = shared.start_run("spirals", steps=12, name="ended")
    return shared.wait_for_status(run["id"], "finished")


@pytest.fixture
def running(shared: LiveServer) -> Iterator[dict[str, Any]]:
    """A run that is being trained, slowly, for as long as the test takes."""
    run = shared.start_run("spirals", steps=100_000, max_steps_per_s=200)
    yield shared.wait_for_status(run["id"], "running")
    if shared.run(run["id"])["status"] in ("running", "paused"):
        shared.client.post(f"/api/runs/{run['id']}/commands", json={"kind": "stop"})
        shared.wait_for_status(run["id"], "stopped")


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory, descriptions: Path) -> Path:
    """The data directory of a server that has lived through a lot and was stopped. Copy it."""

    def live(folder: Path) -> None:
        data_dir = knowing_the_tasks(folder / "var", descriptions)
        with serving(data_dir, "--no-demo") as server:
            ids = live_through(server)
            said = answers(server, list(ids.values()))
        (folder / "said.json").write_text(json.dumps({"ids": ids, "answers": said}))

    return made_once(tmp_path_factory, "lived", live) / "var"

"""A server and a window that the browser tests share, and that are left as new ones are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import knowing_the_tasks
from tests.e2e.screen import DESKTOP, WAITS_MS, Screen, be_signed_in, forget, window
from tests.live_server import LiveServer, serving

expect.set_options(timeout=WAITS_MS)

OVER = ("finished", "stopped", "failed", "lost")


@pytest.fixture(scope="session")
def shared_server(
    tmp_path_factory: pytest.TempPathFactory, descriptions: Path
) -> Iterator[LiveServer]:
    """Its start takes longer than most tests, and runs of one test do not concern another."""
    data_dir = knowing_the_tasks(tmp_path_factory.mktemp("browser") / "var", descriptions)
    with serving(data_dir, "--no-demo", BABYSIT_PARALLEL="8") as live:
        yield live


@pytest.fixture
def server(shared_server: LiveServer) -> Iterator[LiveServer]:
    """The shared server; what a test left running is stopped, or it would slow the next one."""
    yield shared_server
    runs = shared_server.client.get("/api/runs", params={"limit": 100}).json()["runs"]
    for run in runs:
        if run["status"] not in OVER:
            shared_server.client.post(f"/api/runs/{run['id']}/commands", json={"kind": "stop"})
            shared_server.wait_for_status(run["id"], *OVER)


@pytest.fixture(scope="session")
def shared_window(browser: Browser, shared_server: LiveServer) -> Iterator[Screen]:
    with window(browser, shared_server, viewport=DESKTOP) as screen:
        yield screen


@pytest.fixture
def screen(server: LiveServer, shared_window: Screen) -> Iterator[Screen]:
    """A window that is signed in, before it opens a page of the product.

    At its end: no error in its console, no request elsewhere.
    """
    forget(shared_window)
    be_signed_in(shared_window)
    yield shared_window
    assert shared_window.complaints == []


@pytest.fixture
def slow_run(server: LiveServer) -> int:
    """A spirals run that goes on for the whole test, a hundred steps a second; its id."""
    run = server.start_run("spirals", steps=100_000, max_steps_per_s=100)
    server.wait_for_step(run["id"], 5)
    return int(run["id"])

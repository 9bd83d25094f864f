"""Watchers that come and go, and programs that ask again and again, leave nothing in the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.app.sse_client import stream
from tests.conftest import knowing_the_tasks
from tests.live_server import LiveServer, serving
from tests.sizes import POLLS, WATCHING_STREAMS

AT_ONCE = 20
# What is kept of each is less than 1 kB per poll or 30 kB per stream, give or take the allocator.
GROWS_BY_MAX = 6 * 2**20


@pytest.fixture
def server(tmp_path: Path, descriptions: Path) -> Iterator[LiveServer]:
    """A server of the test's own, so that nobody else uses its memory."""
    with serving(knowing_the_tasks(tmp_path / "var", descriptions), "--no-demo") as live:
        yield live


def memory_bytes(server: LiveServer) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def watch(server: LiveServer, run_id: int, streams: int) -> None:
    """Open streams of a run that trains, read a little of each, and go away."""
    for _ in range(streams // AT_ONCE):
        with ExitStack() as opened:
            for _ in range(AT_ONCE):
                next(opened.enter_context(stream(server, runs=run_id, after=0)))


def poll(server: LiveServer, run_id: int, times: int) -> None:
    paths = (
        f"/api/runs/{run_id}",
        f"/api/runs/{run_id}/events?limit=100",
        f"/api/runs/{run_id}/curves?series=train/cost&points=200",
        f"/api/runs/{run_id}/checkpoints",
        "/api/runs",
    )
    for number in range(times):
        assert server.client.get(paths[number % len(paths)]).status_code == 200


@pytest.mark.timeout(300)
def test_streams_and_polls_leave_no_memory_behind(server: LiveServer) -> None:
    run_id = server.start_run("spirals", steps=1_000_000, max_steps_per_s=50)["id"]
    server.wait_for_step(run_id, 100)
    watch(server, run_id, 3 * AT_ONCE)
    poll(server, run_id, 1_000)
    before = memory_bytes(server)

    watch(server, run_id, WATCHING_STREAMS)
    poll(server, run_id, POLLS)

    grown = memory_bytes(server) - before
    assert grown < GROWS_BY_MAX, f"{grown / 2**20:.1f} MB more"
    assert server.client.get("/api/health").json()["status"] == "ok"

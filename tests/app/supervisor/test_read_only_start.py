"""A server that cannot write when it starts shows what there is, and works as soon as it can."""

from __future__ import annotations

import resource
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.waiting import eventually
from tests.conftest import Serve
from tests.live_server import MARK, LiveServer, end_marked

# No file can grow beyond this: enough to begin, too little for the points that SQL lacks.
BYTES_MAX = 80_000
LIMITED = f"""
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, ({BYTES_MAX}, resource.RLIM_INFINITY))
os.execv(sys.executable, [sys.executable, "-m", "app.cli", *sys.argv[1:]])
"""


@pytest.fixture
def mark() -> Iterator[str]:
    """For a worker that outlives its server."""
    own = uuid.uuid4().hex
    yield own
    end_marked(own)


def cannot_write(server: LiveServer) -> bool:
    warnings = server.client.get("/api/health").json()["warnings"]
    return any(text.startswith("The server cannot write") for text in warnings)


def give_room(server: LiveServer) -> None:
    """Take the limit from the server and from all that it has started."""
    wanted = f"{MARK}={server.mark}".encode()
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if wanted in environment.read_bytes().split(b"\0"):
                unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
                resource.prlimit(int(environment.parent.name), resource.RLIMIT_FSIZE, unlimited)
        except (OSError, ValueError):
            continue  # gone meanwhile, or not ours to read


def test_it_goes_over_to_work_by_itself_and_takes_up_what_was_left(
    serve: Serve, data_dir: Path, mark: str
) -> None:
    with serve(data_dir, "--no-demo", mark=mark) as before:
        ended = before.start_run("spirals", steps=12, name="ended")["id"]
        before.wait_for_status(ended, "finished")
        left = before.start_run("spirals", steps=12_000)["id"]
        before.wait_for_step(left, 10)
    journal = data_dir / "runs" / str(left) / "attempt-0001.journal"
    eventually(lambda: journal.stat().st_size > 4 * BYTES_MAX, "points without a server")
    end_marked(mark)

    limited = (sys.executable, "-c", LIMITED)
    with serve(data_dir, "--no-demo", command=limited) as server:
        assert cannot_write(server)
        assert server.run(ended)["status"] == "finished"
        step = server.run(left)["step"]

        give_room(server)

        server.wait_until(lambda: not cannot_write(server), "it can write again")
        assert server.run(left)["step"] > step
        assert server.wait_for_status(left, "finished")["attempt"] == 2
        new = server.start_run("spirals", steps=12)["id"]
        server.wait_for_status(new, "finished")
        assert "The server can write again" in server.output

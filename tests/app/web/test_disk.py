"""What the API says of a run whose worker waits for the disk."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from babysit.protocol.heartbeat import TROUBLE, TURN
from tests.live_server import LiveServer


@pytest.mark.parametrize(
    ("error", "reason"), [(errno.ENOSPC, "disk_full"), (errno.EIO, "disk_error")]
)
def test_a_run_whose_worker_waits_for_the_disk_is_not_said_to_run(
    shared: LiveServer, running: dict[str, Any], error: int, reason: str
) -> None:
    """Its event cannot be written, and its points stand still."""
    directory = shared.data_dir / "runs" / str(running["id"])
    with (directory / "attempt-0001.heartbeat").open("r+b", buffering=0) as beat:
        beat.seek(TURN.size)
        beat.write(TROUBLE.pack(error))
        paused = shared.run(running["id"])
        listed = shared.client.get("/api/runs").json()["runs"]
        beat.seek(TURN.size)
        beat.write(TROUBLE.pack(0))

    assert (paused["status"], paused["reason"]) == ("paused", reason)
    assert next(run for run in listed if run["id"] == running["id"])["status"] == "paused"
    assert shared.run(running["id"])["status"] == "running"

"""What the workers of a run printed can be read."""

from __future__ import annotations

from app.limits import LOG_BYTES_MAX
from tests.live_server import LiveServer


def test_the_output_of_a_run_can_be_read_and_is_bounded(shared: LiveServer) -> None:
    run = shared.start_run("spirals", steps=1)
    shared.wait_for_status(run["id"], "finished")
    path = shared.data_dir / "runs" / str(run["id"]) / "worker.log"
    path.write_bytes(b"UserWarning: <b>slow</b> \xff\n")
    address = f"/api/runs/{run['id']}/log"

    whole = shared.client.get(address)
    path.write_bytes(b"first\n" + b"x" * 299 + b"\n" + b"line\n" * (LOG_BYTES_MAX // 5 - 1))
    tail = shared.client.get(address)
    path.unlink()
    path.symlink_to("/etc/passwd")

    assert (whole.status_code, whole.text) == (200, "UserWarning: <b>slow</b> \ufffd\n")
    assert whole.headers["content-type"] == "text/plain; charset=utf-8"
    assert tail.text.startswith("[306 bytes before this are left out]\nline\n")
    assert len(tail.content) <= LOG_BYTES_MAX + 100
    assert shared.client.get(address).status_code == 404
    assert shared.client.get("/api/runs/999999/log").status_code == 404

"""What somebody threw away is removed for good on request; notes are corrected."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.app.full_history import babysit
from tests.live_server import TOKEN, LiveServer, web_client

JSON = {"Content-Type": "application/json"}


def finished(server: LiveServer, **asked: Any) -> int:
    run_id: int = server.start_run("spirals", steps=12, **asked)["id"]
    server.wait_for_status(run_id, "finished")
    return run_id


def delete(server: LiveServer, path: str) -> int:
    return server.client.delete(path, headers=JSON).status_code


def test_the_trash_is_emptied_and_says_before_how_much_space_that_gives(
    shared: LiveServer,
) -> None:
    run_id, parent, other = (finished(shared) for _ in range(3))
    checkpoint = shared.client.get(f"/api/runs/{parent}/checkpoints").json()[-1]["id"]
    forked = shared.client.post(f"/api/checkpoints/{checkpoint}/fork", json={"steps": 24}).json()
    shared.wait_for_status(forked["id"], "finished")
    for trashed in (run_id, parent):
        assert delete(shared, f"/api/runs/{trashed}") == 204

    before = shared.client.get("/api/trash").json()
    told = babysit("trash", "--data-dir", str(shared.data_dir), BABYSIT_TOKEN=TOKEN)
    viewer = (shared.data_dir / "viewer-token").read_text().strip()
    with web_client(shared.url, headers={"Authorization": f"Bearer {viewer}"}) as watching:
        assert watching.delete("/api/trash", headers=JSON).status_code == 403
    removed = shared.client.delete("/api/trash", headers=JSON).json()

    assert f"removes {len(before['run_ids'])} runs" in told.stdout, told.stderr
    assert run_id in before["run_ids"]
    assert before == removed
    assert before["bytes"] > 1000
    assert {"run_id": parent, "reason": f"Run {forked['id']} was forked from it."} in before["kept"]
    assert shared.client.get(f"/api/runs/{run_id}").status_code == 404
    assert not (shared.data_dir / "runs" / str(run_id)).exists()
    assert shared.run(other)["status"] == "finished"
    assert shared.client.get("/api/trash").json()["run_ids"] == []
    assert shared.start_run("spirals", steps=1)["id"] > forked["id"]


def test_a_checkpoint_is_deleted_unless_something_needs_it(shared: LiveServer) -> None:
    run_id = shared.start_run("spirals", steps=100_000, max_steps_per_s=200)["id"]
    shared.wait_for_status(run_id, "running")
    shared.command(run_id, "save_checkpoint")
    path = f"/api/runs/{run_id}/checkpoints"
    first = shared.client.get(path).json()[0]["id"]
    assert delete(shared, f"/api/checkpoints/{first}") == 409  # its worker looks after it
    shared.command(run_id, "stop")
    shared.wait_for_status(run_id, "stopped")
    ids = [item["id"] for item in shared.client.get(path).json()]
    shared.client.patch(f"/api/checkpoints/{ids[1]}", json={"pinned": True}).raise_for_status()

    codes = [delete(shared, f"/api/checkpoints/{ident}") for ident in (first, first, ids[1])]

    assert codes == [204, 204, 409]
    after = {item["id"]: item for item in shared.client.get(path).json()}
    assert (after[first]["removed"], after[first]["valid"]) == (True, False)
    assert shared.events(run_id, "checkpoint_removed")[-1]["actor"] == "owner"
    left = [ident for ident in ids if ident not in (first, ids[1])]
    shared.client.patch(f"/api/checkpoints/{ids[1]}", json={"pinned": False}).raise_for_status()
    assert [delete(shared, f"/api/checkpoints/{ident}") for ident in left] == [204] * len(left)
    assert delete(shared, f"/api/checkpoints/{ids[1]}") == 409, "the last one"
    assert delete(shared, "/api/checkpoints/999") == 404


def test_a_note_is_corrected_and_its_history_is_kept(
    shared: LiveServer, ended: dict[str, Any]
) -> None:
    path = f"/api/runs/{ended['id']}/notes"
    note = shared.client.post(path, json={"text": "a platau", "step": 3}).json()

    once = shared.client.patch(f"{path}/{note['id']}", json={"text": "a plateau"}).json()
    twice = shared.client.patch(f"{path}/{once['id']}", json={"text": "no plateau"}).json()

    assert (once["step"], once["replaces"]) == (3, note["seq"])
    assert (twice["step"], twice["replaces"]) == (3, note["seq"])
    texts = [event["text"] for event in shared.events(ended["id"], "note_added")][-3:]
    assert texts == ["a platau", "a plateau", "no plateau"]
    report = shared.client.get(f"/api/runs/{ended['id']}/export?format=markdown").text
    assert "no plateau" in report
    assert "a platau" not in report


@pytest.mark.parametrize("event", ["0", "1", "999999", "x"])
def test_only_a_note_of_the_run_is_corrected(
    event: str, shared: LiveServer, ended: dict[str, Any]
) -> None:
    path = f"/api/runs/{ended['id']}/notes/{event}"
    assert shared.client.patch(path, json={"text": "other"}).status_code == 404


def test_the_trash_is_emptied_without_a_server(lived: Path, tmp_path: Path) -> None:
    data_dir = Path(shutil.copytree(lived, tmp_path / "var"))

    told = babysit("trash", "--data-dir", str(data_dir))
    removed = babysit("trash", "empty", "--data-dir", str(data_dir))
    again = babysit("trash", "--data-dir", str(data_dir))

    assert "`babysit trash empty` removes 1 runs" in told.stdout, told.stderr
    assert removed.stdout.startswith("Removed: 1 runs")
    assert "removes 0 runs" in again.stdout
    assert babysit("verify", "--data-dir", str(data_dir)).returncode == 0

"""A worker that dies is replaced, and the run goes on as if nothing had happened."""

from __future__ import annotations

import os
import signal
from typing import Any

from tests.live_server import LiveServer

STEPS = 900
ASKED = {"steps": STEPS, "max_steps_per_s": 300, "values": {"dropout": 0.1, "optimizer": "adam"}}


def kill_worker(server: LiveServer, run_id: int, attempt: int) -> None:
    def started() -> dict[str, Any] | None:
        events = server.events(run_id, "worker_started")
        return next((event for event in events if event["attempt"] == attempt), None)

    event = server.wait_until(started, f"attempt {attempt} of run {run_id}")
    os.kill(event["pid"], signal.SIGKILL)


def steer(server: LiveServer, run_id: int) -> None:
    """Two changes at steps that do not depend on how fast this machine is."""
    changes: list[dict[str, Any]] = [
        {"values": {"beta1": 0.7}, "at_step": 350, "over_steps": 40},
        {"values": {"learning_rate": 0.002, "batch_size": 16}, "at_step": 420},
    ]
    for change in changes:
        path = f"/api/runs/{run_id}/commands"
        assert server.client.post(path, json={"kind": "set", **change}).status_code == 202


def last_state(server: LiveServer, run_id: int) -> str:
    checkpoints = server.client.get(f"/api/runs/{run_id}/checkpoints").json()
    assert checkpoints[-1]["step"] == STEPS
    state: str = checkpoints[-1]["state_sha256"]
    return state


def test_a_killed_worker_is_replaced_and_the_run_ends_in_the_same_state(
    shared: LiveServer,
) -> None:
    undisturbed = shared.start_run("spirals", **ASKED)
    steer(shared, undisturbed["id"])
    killed = shared.start_run("spirals", **ASKED)
    steer(shared, killed["id"])
    shared.wait_for_step(killed["id"], 450, timeout_s=60)
    kill_worker(shared, killed["id"], 1)
    kill_worker(shared, killed["id"], 2)

    run = shared.wait_for_status(killed["id"], "finished", timeout_s=60)
    shared.wait_for_status(undisturbed["id"], "finished", timeout_s=60)

    assert run["attempt"] == 3
    # the second may or may not have caught up before it was killed
    assert {event["verified"] for event in shared.events(killed["id"], "recovered")} == {True}
    reasons = [str(event["reason"]) for event in shared.events(killed["id"], "status_changed")]
    assert sum("recovering" in why and "SIGKILL" in why for why in reasons) == 2
    assert len(shared.events(killed["id"], "changed")) == 2
    assert last_state(shared, killed["id"]) == last_state(shared, undisturbed["id"])
    for series in ("train/cost", "learning_rate", "momentum"):
        path = f"curves?series={series}&points=1000000"
        mine, other = (
            shared.client.get(f"/api/runs/{run_id}/{path}").json()["series"][series]
            for run_id in (killed["id"], undisturbed["id"])
        )
        assert mine["step"] == list(range(1, STEPS + 1))
        assert mine == other


def test_a_run_that_was_paused_is_paused_again(shared: LiveServer) -> None:
    run = shared.start_run("spirals", steps=100_000, max_steps_per_s=300)
    shared.wait_for_step(run["id"], 30)
    shared.command(run["id"], "pause")
    step = shared.run(run["id"])["step"]

    kill_worker(shared, run["id"], 1)

    shared.wait_until(lambda: shared.run(run["id"])["attempt"] == 2, "a second attempt", 60)
    paused = shared.wait_for_status(run["id"], "paused")
    assert (paused["step"], paused["reason"]) == (step, "user")
    assert shared.command(run["id"], "resume")["status"] == "applied"
    shared.wait_for_step(run["id"], step + 20)
    shared.command(run["id"], "stop")


def test_after_three_dead_workers_a_run_is_lost(shared: LiveServer) -> None:
    run = shared.start_run("spirals", steps=100_000, max_steps_per_s=300)
    shared.wait_for_step(run["id"], 30)

    for attempt in (1, 2, 3):
        shared.wait_for_status(run["id"], "running")
        kill_worker(shared, run["id"], attempt)

    lost = shared.wait_for_status(run["id"], "lost", timeout_s=60)
    assert lost["attempt"] == 3
    assert "SIGKILL" in lost["reason"]
    assert "fork" in lost["allowed"]

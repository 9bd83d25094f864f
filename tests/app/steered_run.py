"""A run that somebody steered in every way there is, and its fork: the originals to repeat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.live_server import LiveServer

OVER = ("finished", "stopped", "failed", "lost")


@dataclass(frozen=True)
class Steered:
    """Two runs that are over. changed_at: the step of one change by hand in the first."""

    parent: int
    fork: int
    fork_step: int
    changed_at: int


def steer(server: LiveServer) -> Steered:
    """A ramp under way when the schedule changes, changes in a pause where a scheduled one is made,
    a smaller batch at once, one change withdrawn, one never reached, a fork with another network.
    """
    asked = {"dropout": 0.1, "optimizer": "adam", "schedule": "cosine"}
    run = server.start_run("spirals", steps=1200, values=asked, seed=3, max_steps_per_s=30)
    parent = int(run["id"])
    scheduled: list[dict[str, Any]] = [
        {"values": {"beta1": 0.7}, "at_step": 90, "over_steps": 40, "note": "calmer:\n[later]"},
        {"values": {"grad_clip": 0.7}, "at_step": 390},
        {"values": {"grad_clip": 0.8}, "at_step": 391},
        # one at each step, so that the pause meets one
        *({"values": {"weight_decay": step / 1e4}, "at_step": step} for step in range(20, 75)),
    ]
    server.command(parent, "pause")  # at its first steps: the changes are sent in peace
    sent = [set_later(server, parent, change) for change in scheduled]
    server.command(parent, "resume")
    server.wait_for_step(parent, 25)
    server.command(parent, "pause")
    by_hand = server.command(parent, "set", values={"weight_decay": 0.5})
    made = [event["step"] for event in server.events(parent, "changed") if event["scheduled"]]
    assert by_hand["step"] in made, "the pause met no scheduled change"
    server.command(parent, "set", values={"batch_size": 17}, batch_now=True)
    server.command(parent, "resume")
    changed = server.command(parent, "set", values={"learning_rate": 0.004}, over_steps=60)
    schedule = {"schedule": "exponential", "decay_rate": 0.5, "decay_steps": 100}
    server.command(parent, "set", values=schedule)
    server.command(parent, "cancel", command_id=sent[2])
    server.command(parent, "extend", steps=50)
    server.wait_for_step(parent, 110)
    server.command(parent, "save_checkpoint")
    server.wait_for_step(parent, 140)
    server.command(parent, "stop")
    server.wait_for_status(parent, "stopped")

    saved = next(item for item in checkpoints(server, parent) if item["cause"] == "user")
    values = {"hidden_units": 12, "learning_rate": 0.01}
    forked = server.client.post(
        f"/api/checkpoints/{saved['id']}/fork", json={"values": values, "steps": 420}
    )
    assert forked.status_code == 201, forked.text
    fork = int(forked.json()["id"])
    set_later(server, fork, {"values": {"dropout": 0.3}, "at_step": 300})
    server.wait_for_status(fork, "finished")
    return Steered(parent, fork, saved["step"], changed["step"])


def set_later(server: LiveServer, run_id: int, change: dict[str, Any]) -> int:
    path = f"/api/runs/{run_id}/commands"
    sent = server.client.post(path, json={"kind": "set", **change})
    assert sent.status_code == 202, sent.text
    return int(sent.json()["command_id"])


def checkpoints(server: LiveServer, run_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.client.get(f"/api/runs/{run_id}/checkpoints").json()
    return found


def last_state(server: LiveServer, run_id: int) -> str:
    return str(checkpoints(server, run_id)[-1]["state_sha256"])


def recipe_of(server: LiveServer, run_id: int) -> str:
    answer = server.client.get(f"/api/runs/{run_id}/export", params={"format": "recipe"})
    assert answer.status_code == 200, answer.text
    return answer.text


def replay(server: LiveServer, run_id: int, **asked: Any) -> dict[str, Any]:
    answer = server.client.post(f"/api/runs/{run_id}/replay", json=asked)
    assert answer.status_code == 201, answer.text
    run: dict[str, Any] = answer.json()
    return run


def over(server: LiveServer, run: dict[str, Any]) -> dict[str, Any]:
    return server.wait_for_status(run["id"], *OVER, timeout_s=60)

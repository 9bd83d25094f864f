"""How a run is watched is said when it is made or later, and its forks keep it."""

from __future__ import annotations

from typing import Any

from tests.live_server import LiveServer


def test_how_a_run_is_watched_can_be_said_at_its_start_and_later(shared: LiveServer) -> None:
    run = shared.start_run("spirals", steps=60, max_steps_per_s=50, guard=False, paused=True)
    path = f"/api/runs/{run['id']}"
    assert not run["guard"]
    assert shared.wait_for_status(run["id"], "paused")["step"] == 0

    changed = shared.client.patch(path, json={"guard": True, "max_steps_per_s": 0}).json()
    assert (changed["guard"], changed["max_steps_per_s"]) == (True, None)
    shared.command(run["id"], "resume", for_steps=7)
    paused = shared.wait_until(
        lambda: (now := shared.run(run["id"]))["status"] == "paused" and now["step"] and now,
        "it pauses again",
    )

    assert paused["step"] == 7
    told = [event["summary"] for event in shared.events(run["id"], "described")]
    assert told[-1] == "Pause when the cost blows up: on; Full speed"
    for wrong in ({"max_steps_per_s": -1}, {"guard": "yes"}):
        assert shared.client.patch(path, json=wrong).status_code == 422
    shared.command(run["id"], "stop")


def test_a_fork_keeps_the_pace_and_the_guard_of_its_parent(shared: LiveServer) -> None:
    run = shared.start_run("spirals", steps=20, max_steps_per_s=1000, guard=False)
    shared.wait_for_status(run["id"], "finished")
    end = shared.client.get(f"/api/runs/{run['id']}/checkpoints").json()[-1]

    def fork(**asked: Any) -> dict[str, Any]:
        answer = shared.client.post(
            f"/api/checkpoints/{end['id']}/fork", json={"steps": 30, "paused": True, **asked}
        )
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        assert shared.wait_for_status(made["id"], "paused")["step"] == 20
        shared.command(made["id"], "stop")
        return made

    same, other = fork(), fork(max_steps_per_s=0, guard=True)

    assert (same["max_steps_per_s"], same["guard"]) == (1000, False)
    assert (other["max_steps_per_s"], other["guard"]) == (None, True)


def test_a_checkpoint_tells_the_values_that_a_branch_of_it_begins_with(shared: LiveServer) -> None:
    run = shared.start_run("spirals", steps=100_000, values={"learning_rate": 0.02}, paused=True)
    shared.wait_for_status(run["id"], "paused")
    shared.command(run["id"], "set", values={"learning_rate": 0.64})
    shared.command(run["id"], "resume", for_steps=5)
    shared.wait_for_step(run["id"], 5)
    shared.wait_for_status(run["id"], "paused")
    shared.command(run["id"], "stop")
    first, *_, last = shared.client.get(f"/api/runs/{run['id']}/checkpoints").json()

    told = [item["values"]["learning_rate"] for item in (first, last)]
    fork = shared.client.post(
        f"/api/checkpoints/{first['id']}/fork", json={"steps": 3, "guard": False}
    ).json()
    shared.wait_for_status(fork["id"], "finished")
    rates = shared.client.get(f"/api/runs/{fork['id']}/curves?series=learning_rate").json()

    assert told == [0.02, 0.64]
    assert last["effective"]["learning_rate"] == 0.64
    assert set(rates["series"]["learning_rate"]["value"]) == {0.02}

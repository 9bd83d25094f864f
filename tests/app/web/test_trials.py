"""A litter from a checkpoint, trials that end early, and a trial that becomes the panda."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.app.small_searches import command, search, wait_for, wait_for_trial
from tests.app.sse_client import stream
from tests.app.web.test_limits import refused_field
from tests.live_server import LiveServer

LIVE = {"learning_rate": {"scale": "log10", "low": 1e-3, "high": 0.3}}


@pytest.fixture(scope="module")
def panda(shared: LiveServer) -> dict[str, Any]:
    """A finished run and its newest checkpoint."""
    run = shared.wait_for_status(shared.start_run("spirals", steps=40, seed=5)["id"], "finished")
    checkpoints = shared.client.get(f"/api/runs/{run['id']}/checkpoints").json()
    return {**run, "checkpoint": checkpoints[-1]["id"]}


@pytest.fixture(scope="module")
def done(shared: LiveServer) -> dict[str, Any]:
    return wait_for(shared, search(shared, trials=2)["id"])


def test_a_litter_goes_on_from_one_checkpoint(shared: LiveServer, panda: dict[str, Any]) -> None:
    made = search(
        shared, space=LIVE, trials=3, steps=60, from_checkpoint=panda["checkpoint"], parallel=2
    )
    found = wait_for(shared, made["id"])

    assert found["counts"]["finished"] == 3
    for trial in found["trials"]:
        run = shared.run(trial["run_id"])
        assert run["parent"]["checkpoint_id"] == panda["checkpoint"]
        assert (run["step"], run["seed"], trial["seed"]) == (60, 5, 5)
        assert run["values"]["learning_rate"] == trial["values"]["learning_rate"]
    family = shared.client.get(f"/api/runs/{panda['id']}/family").json()
    assert [member["id"] for member in family["runs"]] == [panda["id"]]
    assert family["live_run_id"] == panda["id"]
    repeated = shared.client.post(f"/api/searches/{made['id']}/repeat", json={})
    assert (repeated.status_code, repeated.json()["state"]) == (409, "from_checkpoint")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"space": {"beta1": {"values": [0.5, 0.6]}}}, "space.beta1"),
        ({"space": {"beta1": {"low": 0.5, "high": 0.6}}}, "space.beta1"),
        ({"steps": 40}, "steps"),
        ({"task": "digits"}, "from_checkpoint"),
    ],
)
def test_what_a_checkpoint_cannot_go_on_with_is_refused(
    shared: LiveServer, panda: dict[str, Any], changed: dict[str, Any], field: str
) -> None:
    asked = {
        "task": "spirals",
        "space": LIVE,
        "strategy": "random",
        "trials": 3,
        "from_checkpoint": panda["checkpoint"],
    }

    assert refused_field(shared.client.post("/api/searches", json={**asked, **changed})) == field
    missing = {**asked, "from_checkpoint": 1}
    assert shared.client.post("/api/searches", json=missing).status_code == 404


def test_a_trial_far_behind_the_others_ends_early(shared: LiveServer) -> None:
    rates = [0.05 + number / 1000 for number in range(9)]
    made = search(
        shared,
        strategy="grid",
        trials=10,
        steps=3_000,
        parallel=2,
        space={"learning_rate": {"values": [*rates, 1e-5]}},
        stop_early="median",
    )
    found = wait_for(shared, made["id"], timeout_s=120)

    last = found["trials"][-1]
    assert (last["outcome"], last["fits"], last["status"]) == ("stopped_early", False, "stopped")
    assert 750 <= last["step"] < 3_000
    assert found["counts"]["stopped_early"] == sum(
        trial["outcome"] == "stopped_early" for trial in found["trials"]
    )
    sent = shared.events(last["run_id"], "command_sent")[-1]
    assert (sent["actor"], sent["command"]["kind"]) == ("search", "stop")
    assert "by median" in sent["command"]["note"]


def test_a_promoted_trial_goes_on_from_its_checkpoint_as_the_live_run(
    shared: LiveServer, done: dict[str, Any]
) -> None:
    trial = done["best_run_id"]

    answer = shared.client.post(
        f"/api/runs/{trial}/promote", json={"from": "checkpoint", "steps": 50, "name": "the panda"}
    )

    assert answer.status_code == 201
    panda = answer.json()
    assert (panda["name"], panda["search"]) == ("the panda", None)
    assert (panda["parent"]["run_id"], panda["parent"]["step"]) == (trial, 30)
    over = shared.wait_for_status(panda["id"], "finished")
    assert over["step"] == 50
    family = shared.client.get(f"/api/runs/{panda['id']}/family").json()
    assert family["live_run_id"] == panda["id"]
    number = shared.run(trial)["search"]["number"]
    note = f"Promoted from trial {number} of search {done['id']}"
    assert [event["text"] for event in shared.events(panda["id"], "note_added")] == [note]
    listed = shared.client.get("/api/runs?limit=5000").json()["runs"]
    assert panda["id"] in [run["id"] for run in listed]


@pytest.mark.parametrize("begin", ["checkpoint", "scratch"])
def test_a_trial_promoted_paused_waits_before_its_first_step(
    shared: LiveServer, done: dict[str, Any], begin: str
) -> None:
    answer = shared.client.post(
        f"/api/runs/{done['best_run_id']}/promote",
        json={"from": begin, "steps": 50, "paused": True},
    )

    run = shared.wait_for_status(answer.json()["id"], "paused")
    assert run["step"] == (30 if begin == "checkpoint" else 0)
    shared.command(run["id"], "resume")
    assert shared.wait_for_status(run["id"], "finished")["step"] == 50


def test_a_trial_promoted_from_scratch_makes_the_same_steps_again(
    shared: LiveServer, done: dict[str, Any]
) -> None:
    trial = shared.run(done["best_run_id"])

    answer = shared.client.post(f"/api/runs/{trial['id']}/promote", json={"from": "scratch"})

    made = shared.wait_for_status(answer.json()["id"], "finished")
    assert (made["initial_values"], made["seed"]) == (trial["initial_values"], trial["seed"])
    assert (made["parent"], made["search"]) == (None, None)
    assert made["latest"]["val/cost"] == trial["latest"]["val/cost"]


def test_whoever_watches_a_trial_gets_its_points_as_those_of_any_run(shared: LiveServer) -> None:
    """Of trials that nobody watches they are stored once a second."""
    made = search(shared, trials=1, steps=1_000_000)
    run_id = wait_for_trial(shared, made["id"])["run_id"]
    with stream(shared, runs=run_id) as received:
        points = (message for message in received if message.event == "points")
        next(points)
        began_s = time.monotonic()
        for _ in range(10):
            next(points)
        took_s = time.monotonic() - began_s
    command(shared, made["id"], "stop")
    shared.wait_for_status(run_id, "stopped")

    assert took_s < 6.0

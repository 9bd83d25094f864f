"""A run can be done again from its recipe, and whether it came out the same is proved."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.errors import NotAllowed
from app.store.runs.replay.recipes import make_recipe
from app.store.store import Store
from tests.app.steered_run import (
    Steered,
    checkpoints,
    last_state,
    over,
    recipe_of,
    replay,
    set_later,
    steer,
)
from tests.conftest import Serve
from tests.live_server import LiveServer

SPIKY = '''
"""One example is so far off that the batch it is in has no finite cost."""

import torch
from torch import nn

from babysit.task import Data, Examples, Task, mean_squared_error


def load():
    x = torch.linspace(-1, 1, 64).reshape(-1, 1)  # (64, 1)
    y = x.sin()
    y[5] = float("inf")
    return Data(train=Examples(x, y), val=Examples(x[8:], y[8:]))


def build(values):
    return nn.Linear(1, 1)


TASK = Task(
    title="Spiky",
    summary="A line with one point at infinity.",
    kind="regression",
    load=load,
    build=build,
    cost=mean_squared_error,
    defaults={"batch_size": 16},
    steps=14,
)
'''


@pytest.fixture(scope="module")
def steered(shared: LiveServer) -> Steered:
    return steer(shared)


def test_a_steered_run_comes_to_the_same_state_again(shared: LiveServer, steered: Steered) -> None:
    for original in (steered.parent, steered.fork):
        run = replay(shared, original)
        assert run["replay_of"] == original

        again = over(shared, run)

        assert again["replayed"]["equal"], again["replayed"]
        assert again["status"] == shared.run(original)["status"]
        assert again["step"] == shared.run(original)["step"]
        assert again["values"] == shared.run(original)["values"]
        assert last_state(shared, run["id"]) == last_state(shared, original)
        said = shared.events(run["id"], "replayed")
        assert [(event["equal"], event["branched"]) for event in said] == [(True, False)]


def test_a_replay_has_a_recipe_of_its_own(shared: LiveServer, steered: Steered) -> None:
    first = over(shared, replay(shared, steered.fork))

    again = over(shared, replay(shared, first["id"]))

    assert again["replayed"]["equal"], again["replayed"]
    assert last_state(shared, again["id"]) == last_state(shared, steered.fork)


def test_a_recipe_tells_the_whole_lineage(shared: LiveServer, steered: Steered) -> None:
    answer = shared.client.get(f"/api/runs/{steered.fork}/export?format=recipe")
    body = yaml.safe_load(answer.text)

    assert answer.headers["content-type"] == "application/yaml"
    assert f"run-{steered.fork}-recipe.yaml" in answer.headers["content-disposition"]
    assert (body["task"], body["seed"], body["until"]) == ("spirals", 3, 420)
    assert body["values"] == shared.run(steered.parent)["initial_values"]
    changes = body["changes"]
    by_hand = next(one for one in changes if one.get("values") == {"learning_rate": 0.004})
    assert by_hand["step"] == steered.changed_at
    assert by_hand["over_steps"] == 60
    assert by_hand["before"]["learning_rate"] != by_hand["after"]["learning_rate"]
    ramp = next(one for one in changes if one.get("values") == {"beta1": 0.7})
    made = next(one for one in changes if one.get("change") == ramp["number"])
    assert (ramp["note"], ramp["actor"], ramp["at_step"]) == ("calmer:\n[later]", "owner", 90)
    assert (made["do"], made["step"]) == ("scheduled", 90)
    fork = next(one for one in changes if one["do"] == "fork")
    assert (fork["step"], fork["values"]["hidden_units"]) == (steered.fork_step, 12)
    assert changes[-1]["step"] == 390  # planned in the parent, made in the fork
    assert body["checkpoints"][-1]["state_sha256"] == last_state(shared, steered.fork)


def test_a_replay_names_the_settings_of_pytorch_that_differ(
    shared: LiveServer, steered: Steered
) -> None:
    recipe = shared.client.get(f"/api/runs/{steered.fork}/export?format=recipe").text
    assert "deterministic: false" in recipe, recipe[:800]
    other = recipe.replace(" deterministic: false", " deterministic: true", 1)

    sent = shared.client.post("/api/replays", json={"recipe": other})

    run_id = sent.json()["id"]
    shared.wait_for_status(run_id, "finished")
    [warned] = [
        event["message"]
        for event in shared.events(run_id, "warned")
        if "than in the recipe" in event["message"]
    ]
    assert "another PyTorch settings (deterministic) than" in warned


def test_on_another_seed_there_is_nothing_to_compare(shared: LiveServer, steered: Steered) -> None:
    again = over(shared, replay(shared, steered.parent, seed=8))

    assert (again["seed"], again["replayed"]) == (8, None)
    assert shared.events(again["id"], "replayed") == []
    assert last_state(shared, again["id"]) != last_state(shared, steered.parent)


def test_a_change_by_hand_branches_and_the_original_stays(
    shared: LiveServer, steered: Steered
) -> None:
    before = shared.events(steered.fork), checkpoints(shared, steered.fork)
    run = replay(shared, steered.fork, max_steps_per_s=100)
    shared.wait_for_step(run["id"], 10)
    assert shared.run(run["id"])["pending"] == []

    by_hand = shared.command(run["id"], "set", values={"learning_rate": 0.02})
    again = over(shared, run)

    assert by_hand["status"] == "applied"
    said = shared.events(run["id"], "replayed")
    assert [(event["step"], event["equal"], event["branched"]) for event in said] == [
        (by_hand["step"], True, True)
    ]
    assert (again["status"], again["step"]) == ("finished", 420)
    assert last_state(shared, run["id"]) != last_state(shared, steered.fork)
    assert (shared.events(steered.fork), checkpoints(shared, steered.fork)) == before


def test_a_replay_that_is_stopped_early_is_not_called_equal(
    shared: LiveServer, steered: Steered
) -> None:
    run = replay(shared, steered.fork, max_steps_per_s=100)
    shared.wait_for_step(run["id"], 10)

    stopped = shared.command(run["id"], "stop")

    again = over(shared, run)
    assert (again["replayed"]["branched"], again["replayed"]["step"]) == (True, stopped["step"])
    assert shared.run(run["id"])["pending"] == []


@pytest.mark.parametrize("which", ["parent", "fork"])
def test_a_replay_whose_worker_dies_is_still_compared(
    shared: LiveServer, steered: Steered, which: str
) -> None:
    """Also when its recipe ends with a stop, which is no wish of now; also after a fork in it."""
    original: int = getattr(steered, which)
    run = replay(shared, original, max_steps_per_s=60)
    shared.wait_for_step(run["id"], 80 if which == "parent" else steered.fork_step + 20)

    os.kill(shared.events(run["id"], "worker_started")[-1]["pid"], signal.SIGKILL)
    again = over(shared, run)

    assert again["attempt"] == 2
    assert [event["verified"] for event in shared.events(run["id"], "recovered")] == [True]
    assert again["replayed"]["equal"], again["replayed"]
    assert last_state(shared, run["id"]) == last_state(shared, original)


def test_a_replay_may_be_taken_up_between_two_changes_of_one_step(shared: LiveServer) -> None:
    original = shared.start_run("spirals", steps=400, max_steps_per_s=60)["id"]
    shared.wait_for_step(original, 20)
    shared.command(original, "pause")
    at = shared.command(original, "set", values={"learning_rate": 0.02})["step"]
    shared.command(original, "set", values={"momentum": 0.5})
    shared.command(original, "resume")
    shared.wait_for_step(original, at + 60)
    shared.command(original, "stop")
    shared.wait_for_status(original, "stopped")

    run = replay(shared, original, max_steps_per_s=60)
    shared.wait_for_step(run["id"], at + 10)
    newest = checkpoints(shared, run["id"])[-1]
    os.kill(shared.events(run["id"], "worker_started")[-1]["pid"], signal.SIGKILL)
    again = over(shared, run)

    assert (newest["step"], newest["cause"]) == (at, "change")
    assert again["attempt"] == 2
    assert again["replayed"]["equal"], again["replayed"]


def test_an_update_that_the_guard_left_out_is_left_out_again(
    serve: Serve, data_dir: Path, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    (models / "spiky.py").write_text(SPIKY)
    with serve(data_dir, "--no-demo", BABYSIT_MODELS=str(models)) as server:
        run = server.start_run("spiky")

        def tripped() -> int:
            return len(server.events(run["id"], "guard_tripped"))

        for number, rate in enumerate((0.02, 0.03, 0.04, 0.05)):
            server.wait_until(
                lambda seen=number: (
                    tripped() > seen or server.run(run["id"])["status"] == "finished"
                ),  # type: ignore[misc]
                "the guard trips again, or the run ends",
            )
            now = server.wait_for_status(run["id"], "paused", "finished")
            if now["status"] == "finished":
                break
            server.command(run["id"], "set", values={"learning_rate": rate})
            server.command(run["id"], "resume")
        original = over(server, run)
        assert len(server.events(run["id"], "guard_tripped")) >= 3

        again = over(server, replay(server, run["id"]))

        assert again["replayed"]["equal"], again["replayed"]
        assert (again["status"], again["step"]) == (original["status"], original["step"])
        assert last_state(server, again["id"]) == last_state(server, run["id"])


def test_a_recipe_of_a_run_under_way_goes_as_far_as_the_run(
    shared: LiveServer, running: dict[str, Any]
) -> None:
    set_later(shared, running["id"], {"values": {"momentum": 0.8}})
    shared.wait_for_step(running["id"], 30)

    again = over(shared, replay(shared, running["id"]))

    assert again["status"] == "stopped"
    assert again["step"] >= 30
    assert again["replayed"]["equal"], again["replayed"]


def test_a_fork_without_its_parent_has_no_recipe(shared: LiveServer) -> None:
    parent = shared.start_run("spirals", steps=10)
    over(shared, parent)
    saved = checkpoints(shared, parent["id"])[-1]
    child = shared.client.post(f"/api/checkpoints/{saved['id']}/fork", json={}).json()
    shared.wait_for_step(child["id"], 20)
    (shared.data_dir / "runs" / str(parent["id"]) / "run.json").unlink()

    answers = [
        shared.client.get(f"/api/runs/{child['id']}/export", params={"format": "recipe"}),
        shared.client.post(f"/api/runs/{child['id']}/replay", json={}),
    ]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert answers[0].json()["error"] == "not_allowed_now"
    assert f"run {parent['id']}" in answers[0].json()["message"].lower()


def test_a_run_without_a_step_has_no_recipe(store: Store, run_id: int) -> None:
    with store.reading() as session, pytest.raises(NotAllowed, match="not completed a step"):
        make_recipe(session, store.runs_dir, run_id)


@pytest.mark.parametrize(
    ("path", "asked", "field"),
    [
        ("/api/runs/{id}/replay", {"seed": -1}, "seed"),
        ("/api/runs/{id}/replay", {"sed": 1}, "sed"),
        ("/api/replays", {"recipe": "a: ["}, "recipe"),
        ("/api/replays", {}, "recipe"),
    ],
)
def test_a_replay_that_cannot_be_is_refused_with_its_field(
    shared: LiveServer, ended: dict[str, Any], path: str, asked: dict[str, Any], field: str
) -> None:
    answer = shared.client.post(path.format(id=ended["id"]), json=asked)

    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_a_recipe_larger_than_other_requests_is_taken(shared: LiveServer, steered: Steered) -> None:
    text = recipe_of(shared, steered.fork) + "\n" + "# said at length\n" * 100_000

    answer = shared.client.post("/api/replays", json={"recipe": text, "seed": 1})

    assert answer.status_code == 201, answer.text
    assert over(shared, answer.json())["status"] == "finished"

"""What is best follows the objective of the run or the search, wherever it is shown or used."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from typing import Any

import optuna
import pytest

from tests.app.full_history import DATABASE, babysit
from tests.app.small_searches import search, wait_for
from tests.conftest import Serve, knowing_the_tasks
from tests.live_server import LiveServer, serving

# The one weight goes from 0 to 10. Its cost is lowest at 2, and its nearness highest at 5.
NEAREST = """
import torch
from torch import nn
from babysit.task import Data, Examples, Task, mean_squared_error

def load():
    ones = torch.ones(8, 1)
    return Data(train=Examples(ones, 10 * ones), val=Examples(ones, 2 * ones))

def build(values):
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)
    return network

def nearness(output, y):
    weight = output.mean()
    return float("nan") if weight > 9.5 else 1 / (1 + (weight - 5).abs())

TASK = Task(title="Nearest", summary="", kind="regression", load=load, build=build,
            cost=mean_squared_error, metrics={"nearness": nearness}, objective="val/nearness",
            mode="max", steps=60, evaluate_every=3,
            defaults={"learning_rate": 0.01, "momentum": 0.0})
"""
GOAL = {"objective": "val/nearness", "mode": "max"}
# Where the weight ends after 20 steps, and so which is the nearest to 5 and which to 2.
RATES = [0.0005, 0.003, 0.006, 0.0165, 0.03, 0.06]
NEAREST_TO_5, NEAREST_TO_2 = 0.0165, 0.006


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    models = tmp_path_factory.mktemp("models")
    (models / "nearest.py").write_text(NEAREST)
    return str(models)


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, descriptions: Any, folder: str
) -> Iterator[LiveServer]:
    data_dir = knowing_the_tasks(tmp_path_factory.mktemp("objective") / "var", descriptions)
    with serving(data_dir, "--no-demo", BABYSIT_MODELS=folder) as live:
        yield live


def goal(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: answer[name] for name in GOAL}


def curve(server: LiveServer, run_id: int, series: str) -> dict[int, float]:
    answer = server.client.get(f"/api/runs/{run_id}/curves", params={"series": series}).json()
    found = answer["series"][series]
    pairs = zip(found["step"], found["value"], strict=True)
    return {step: value for step, value in pairs if isinstance(value, float)}


def starred(server: LiveServer, run_id: int) -> dict[str, Any]:
    checkpoints = server.client.get(f"/api/runs/{run_id}/checkpoints").json()
    [best] = [checkpoint for checkpoint in checkpoints if checkpoint["best"]]
    return dict(best)


def assert_nearest_is_starred(server: LiveServer, run_id: int) -> None:
    """The best, the star and the curve say the same, which is not what the cost would say."""
    nearness, cost = (curve(server, run_id, f"val/{name}") for name in ("nearness", "cost"))
    step = max(nearness, key=lambda at: nearness[at])
    run, star = server.run(run_id), starred(server, run_id)
    assert goal(run) == GOAL
    assert run["best"] == {"step": step, "value": nearness[step], "val_cost": None}
    assert (star["step"], star["objective_value"]) == (step, nearness[step])
    assert star["val_cost"] == cost[step] > min(cost.values())
    checkpoints = server.client.get(f"/api/runs/{run_id}/checkpoints").json()
    costs = [one["val_cost"] for one in checkpoints if isinstance(one["val_cost"], float)]
    assert star["val_cost"] > min(costs)


def test_a_task_declares_it_and_a_run_may_have_another_one(server: LiveServer) -> None:
    tasks = {
        task["name"]: task for task in server.client.get("/api/tasks?wait_s=30").json()["tasks"]
    }

    own = server.start_run("nearest", steps=6)
    other = server.start_run("nearest", steps=6, objective="val/cost")
    highest = server.start_run("nearest", steps=6, objective="val/cost", mode="max")

    assert goal(tasks["nearest"]) == goal(own) == GOAL
    assert goal(tasks["spirals"]) == goal(other) == {"objective": "val/cost", "mode": "min"}
    assert goal(highest) == {"objective": "val/cost", "mode": "max"}
    lowest = server.wait_for_status(other["id"], "finished")["best"]
    assert (
        lowest["val_cost"]
        == lowest["value"]
        == min(curve(server, other["id"], "val/cost").values())
    )
    top = server.wait_for_status(highest["id"], "finished")["best"]
    assert top["value"] == max(curve(server, highest["id"], "val/cost").values())
    assert starred(server, highest["id"])["step"] == top["step"] == 3
    replay = server.client.post(f"/api/runs/{highest['id']}/replay", json={}).json()
    assert goal(replay) == goal(highest)


@pytest.mark.parametrize(
    ("asked", "field", "allowed", "said"),
    [
        ({"objective": "val/acuracy"}, "objective", ["val/cost", "val/nearness"], "val/nearness"),
        ({"objective": "train/cost"}, "objective", ["val/cost", "val/nearness"], "val/cost"),
        ({"mode": "highest"}, "mode", None, "'min' or 'max'"),
        ({"objective": 3}, "objective", None, "string"),
    ],
)
@pytest.mark.parametrize("path", ["runs", "searches", "searches/preview"])
def test_what_cannot_be_one_is_refused_with_what_can(
    server: LiveServer, path: str, asked: dict[str, Any], field: str, allowed: Any, said: str
) -> None:
    space = {"learning_rate": {"values": RATES}}
    more = {} if path == "runs" else {"space": space, "strategy": "random", "trials": 2}

    answer = server.client.post(f"/api/{path}", json={"task": "nearest", **more, **asked})

    assert answer.status_code == 422
    error = answer.json()
    assert (error["field"], error.get("allowed")) == (field, allowed)
    assert said in error["message"]


def test_a_mode_must_be_said_for_a_series_that_nobody_declared(server: LiveServer) -> None:
    answer = server.client.post("/api/runs", json={"task": "spirals", "objective": "val/accuracy"})

    assert (answer.status_code, answer.json()["field"]) == (422, "mode")
    assert answer.json()["allowed"] == ["min", "max"]


def test_the_highest_is_starred_also_after_a_killed_worker_a_restart_and_a_rebuild(
    serve: Serve, server: LiveServer, folder: str, tmp_path: Any
) -> None:
    data_dir = tmp_path / "var"
    with serve(data_dir, "--no-demo", BABYSIT_MODELS=folder) as live:
        run_id = live.start_run("nearest", steps=120, max_steps_per_s=60, paused=True)["id"]
        live.wait_for_status(run_id, "paused")
        live.command(run_id, "resume", for_steps=12)  # a checkpoint of the lowest cost
        live.wait_until(lambda: live.run(run_id)["step"] == 12, "the second pause")
        live.wait_for_status(run_id, "paused")
        live.command(run_id, "resume")
        live.wait_for_step(run_id, 60)
        worker = live.events(run_id, "worker_started")[-1]["pid"]
        os.kill(worker, signal.SIGKILL)
        live.wait_until(lambda: live.events(run_id, "recovered"), "the run is taken up again")
        live.wait_for_status(run_id, "finished")
        assert_nearest_is_starred(live, run_id)
        fork_of = starred(live, run_id)["id"]
        fork = live.client.post(f"/api/checkpoints/{fork_of}/fork", json={"steps": 150}).json()
        replay = live.client.post(f"/api/runs/{run_id}/replay", json={}).json()
        assert goal(fork) == goal(replay) == GOAL
        live.wait_for_status(fork["id"], "finished")
        live.wait_for_status(replay["id"], "finished")
        before = {number: live.run(number) for number in (run_id, fork["id"], replay["id"])}
    assert babysit("verify", "--data-dir", str(data_dir)).returncode == 0
    (data_dir / DATABASE).unlink()

    made = babysit("rebuild", "--data-dir", str(data_dir))

    assert made.returncode == 0, made.stdout + made.stderr
    with serve(data_dir, "--no-demo", BABYSIT_MODELS=folder) as again:
        assert_nearest_is_starred(again, run_id)
        for number, expected in before.items():
            found = again.run(number)
            assert (goal(found), found["best"]) == (GOAL, expected["best"])
        report = again.client.get(f"/api/runs/{run_id}/export?format=markdown").text
        best = before[run_id]["best"]
        assert (
            f"Best: the highest val/nearness, {best['value']:.3g} at step {best['step']:,}."
            in report
        )


def searched(server: LiveServer, **asked: Any) -> dict[str, Any]:
    """A search over `RATES` that is finished."""
    space = {"learning_rate": {"values": RATES}}
    made = search(server, task="nearest", space=space, steps=20, **asked)
    return wait_for(server, made["id"])


def test_a_search_ranks_and_promotes_the_highest(server: LiveServer, tmp_path: Any) -> None:
    found = searched(server, strategy="grid")

    assert goal(found) == GOAL
    trials = found["trials"]
    values = {trial["run_id"]: trial["objective_value"] for trial in trials if trial["fits"]}
    best = max(values, key=lambda run_id: values[run_id])
    assert (found["best_run_id"], found["best_objective_value"]) == (best, values[best])
    winner = next(trial for trial in trials if trial["run_id"] == best)
    assert winner["values"]["learning_rate"] == NEAREST_TO_5
    assert winner["val_cost"] == found["best_val_cost"]
    assert winner["val_cost"] > min(float(trial["val_cost"]) for trial in trials)
    for source in ("checkpoint", "scratch"):
        asked = {"from": source, "steps": 40}
        promoted = server.client.post(f"/api/runs/{best}/promote", json=asked).json()
        assert goal(promoted) == GOAL
        server.wait_for_status(promoted["id"], "finished")
    again = server.client.post(f"/api/searches/{found['id']}/repeat", json={"seeds": 2})
    assert again.status_code == 202
    repeated = wait_for(server, found["id"], trials=len(trials) + 2)["repeats"]
    assert repeated[0]["run_id"] == best
    assert len(repeated[0]["objective_values"]) == 2
    assert repeated[0]["mean"] == pytest.approx(sum(repeated[0]["objective_values"]) / 2)


def test_of_the_cost_the_same_search_takes_another_one(server: LiveServer) -> None:
    found = searched(server, strategy="grid", objective="val/cost")

    best = next(trial for trial in found["trials"] if trial["run_id"] == found["best_run_id"])
    assert best["values"]["learning_rate"] == NEAREST_TO_2
    assert found["best_val_cost"] == found["best_objective_value"] == best["val_cost"]
    asked = {"from": "scratch", "steps": 40}
    promoted = server.client.post(f"/api/runs/{best['run_id']}/promote", json=asked).json()
    refined = server.client.post(f"/api/searches/{found['id']}/refine", json={}).json()
    assert goal(promoted) == goal(refined) == goal(found) != GOAL
    server.client.post(f"/api/searches/{refined['id']}/commands", json={"kind": "stop"})


def test_a_trial_whose_value_is_no_number_is_never_the_best(server: LiveServer) -> None:
    space = {"learning_rate": {"values": [0.5, 0.003]}}
    made = search(server, task="nearest", space=space, strategy="grid", trials=2, steps=20)

    found = wait_for(server, made["id"])

    lost = next(trial for trial in found["trials"] if trial["values"]["learning_rate"] == 0.5)
    assert (lost["objective_value"], lost["fits"], lost["outcome"]) == ("NaN", False, "finished")
    assert found["best_run_id"] not in (None, lost["run_id"])


def test_each_round_is_drawn_around_the_highest_of_those_before(server: LiveServer) -> None:
    space = {"learning_rate": {"low": 1e-4, "high": 0.1, "scale": "log10"}}
    made = search(
        server,
        task="nearest",
        space=space,
        strategy="coarse_to_fine",
        trials=12,
        rounds=2,
        keep=2,
        steps=20,
    )

    found = wait_for(server, made["id"])

    first = [trial for trial in found["trials"] if trial["round"] == 1]
    ranked = sorted(first, key=lambda trial: -float(trial["objective_value"]))
    assert found["rounds"][1]["kept"] == [trial["run_id"] for trial in ranked[:2]]
    refined = server.client.post(f"/api/searches/{made['id']}/refine", json={"trials": 2}).json()
    assert goal(refined) == GOAL
    stopped = server.client.post(f"/api/searches/{refined['id']}/commands", json={"kind": "stop"})
    assert stopped.is_success


def test_the_study_for_optuna_is_maximized(
    server: LiveServer, descriptions: Any, tmp_path: Any
) -> None:
    found = searched(server, strategy="grid")
    shutil.copytree(server.data_dir, tmp_path / "var")
    storage = f"sqlite:///{tmp_path / 'study.db'}"

    made = babysit("export-study", str(found["id"]), storage, "--data-dir", str(tmp_path / "var"))

    assert made.returncode == 0, made.stderr
    study = optuna.load_study(study_name=f"search-{found['id']}", storage=storage)
    assert study.best_value == found["best_objective_value"]
    assert study.best_trial.params["learning_rate"] == NEAREST_TO_5


def test_a_trial_far_below_the_others_ends_early(server: LiveServer) -> None:
    """The one that stays at the bottom of the nearness, and at a better cost than the others."""
    rates = [0.00046 + number / 1e6 for number in range(9)]
    made = search(
        server,
        task="nearest",
        strategy="grid",
        trials=10,
        steps=3_000,
        space={"learning_rate": {"values": [*rates, 1e-7]}},
        stop_early="median",
    )

    found = wait_for(server, made["id"], timeout_s=120)

    outcomes = [trial["outcome"] for trial in found["trials"]]
    assert outcomes == ["finished"] * 9 + ["stopped_early"]
    sent = server.events(found["trials"][-1]["run_id"], "command_sent")[-1]
    assert "its val/nearness was 0.1667, below 0." in sent["command"]["note"]

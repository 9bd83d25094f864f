"""A search draws trials, runs them as ordinary runs, and says which was the best."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import optuna
import pytest

from tests.app.full_history import babysit
from tests.app.small_searches import SPACE, command, drawn, read, search, wait_for, wait_for_trial
from tests.live_server import LiveServer

SLOW = {"steps": 100_000, "trials": 3}  # until it is stopped


@pytest.fixture(scope="module")
def done(shared: LiveServer) -> dict[str, Any]:
    """A search of six trials that is finished."""
    return wait_for(shared, search(shared)["id"])


def test_trials_are_ordinary_runs_and_the_best_is_the_one_with_the_lowest_final_cost(
    shared: LiveServer, done: dict[str, Any]
) -> None:
    trials = done["trials"]

    assert [trial["number"] for trial in trials] == [1, 2, 3, 4, 5, 6]
    assert done["counts"]["finished"] == 6
    costs = {}
    for trial in trials:
        run = shared.run(trial["run_id"])
        assert run["status"] == trial["status"] == "finished"
        assert run["search"] == {"id": done["id"], "number": trial["number"], "round": 1}
        assert {name: run["initial_values"][name] for name in trial["values"]} == trial["values"]
        curves = shared.client.get(f"/api/runs/{run['id']}/curves?series=val/cost").json()
        costs[run["id"]] = curves["series"]["val/cost"]["value"][-1]
        assert trial["val_cost"] == costs[run["id"]]
        assert shared.client.get(f"/api/runs/{run['id']}/checkpoints").json()
    assert done["best_run_id"] == min(costs, key=costs.__getitem__)
    together = shared.client.get(f"/api/searches/{done['id']}/curves").json()["runs"]
    assert {int(run_id): curve["value"][-1] for run_id, curve in together.items()} == costs


def test_a_seed_draws_the_same_trials_whatever_runs_at_once(
    shared: LiveServer, done: dict[str, Any]
) -> None:
    again = wait_for(shared, search(shared, parallel=1)["id"])
    other = wait_for(shared, search(shared, seed=4)["id"])

    assert drawn(again) == drawn(done)
    assert [trial["val_cost"] for trial in again["trials"]] == [
        trial["val_cost"] for trial in done["trials"]
    ]
    assert drawn(other) != drawn(done)


@pytest.mark.parametrize(
    ("strategy", "trials", "rounds"),
    [("grid", 27, 1), ("quasi_random", 6, 1), ("tpe", 13, 1), ("coarse_to_fine", 9, 3)],
)
def test_every_strategy_comes_to_its_end(
    shared: LiveServer, strategy: str, trials: int, rounds: int
) -> None:
    points = {"learning_rate": 3, "momentum": 3, "hidden_units": 3} if strategy == "grid" else {}

    made = search(shared, strategy=strategy, trials=trials, steps=20, points=points, rounds=3)
    found = wait_for(shared, made["id"])

    assert len(found["trials"]) == found["counts"]["finished"] == trials
    values = [json.dumps(trial["values"], sort_keys=True) for trial in found["trials"]]
    assert len(set(values)) == trials
    assert [each["round"] for each in found["rounds"]] == list(range(1, rounds + 1))


def test_a_round_is_drawn_around_the_best_of_the_rounds_before(shared: LiveServer) -> None:
    made = search(shared, strategy="coarse_to_fine", trials=9, rounds=3, keep=2)
    found = wait_for(shared, made["id"])

    for number, each in enumerate(found["rounds"], start=1):
        before = [trial for trial in found["trials"] if trial["round"] < number]
        best = sorted(before, key=lambda trial: float(trial["val_cost"]))[:2]
        assert each["kept"] == [trial["run_id"] for trial in best]
        box = each["space"]["learning_rate"]
        for trial in [trial for trial in found["trials"] if trial["round"] == number]:
            assert box["low"] <= trial["values"]["learning_rate"] <= box["high"]
    widths = [each["space"]["learning_rate"]["high"] / each["space"]["learning_rate"]["low"]
              for each in found["rounds"]]  # fmt: skip
    assert widths[0] > widths[1]


def test_a_paused_search_stands_still_and_goes_on(shared: LiveServer) -> None:
    made = search(shared, **SLOW)
    trial = wait_for_trial(shared, made["id"])

    command(shared, made["id"], "pause")
    paused = shared.wait_for_status(trial["run_id"], "paused")
    assert paused["reason"] == "search"
    held = read(shared, made["id"])
    assert held["status"] == "paused"
    again = shared.client.post(f"/api/searches/{made['id']}/commands", json={"kind": "pause"})
    assert (again.status_code, again.json()["status"]) == (200, "no_op")

    command(shared, made["id"], "resume")
    shared.wait_for_step(trial["run_id"], paused["step"] + 1)
    command(shared, made["id"], "stop")
    stopped = wait_for(shared, made["id"], "stopped")
    for trial in stopped["trials"]:
        shared.wait_for_status(trial["run_id"], "stopped")
    over = read(shared, made["id"])
    assert over["counts"]["stopped"] == len(over["trials"])
    assert over["best_run_id"] is None
    refused = shared.client.post(f"/api/searches/{made['id']}/commands", json={"kind": "resume"})
    assert refused.status_code == 409
    assert (refused.json()["state"], refused.json()["allowed"]) == ("stopped", [])


def test_a_trial_that_is_changed_by_hand_no_longer_counts(shared: LiveServer) -> None:
    made = search(shared, **{**SLOW, "trials": 1, "steps": 3_000})
    trial = wait_for_trial(shared, made["id"])

    shared.command(trial["run_id"], "set", values={"learning_rate": 0.05})

    steered = read(shared, made["id"])["trials"][0]
    assert (steered["outcome"], steered["fits"]) == ("hand_steered", False)
    over = wait_for(shared, made["id"])
    assert over["counts"]["hand_steered"] == 1
    assert over["best_run_id"] is None


def test_a_trial_whose_cost_is_no_number_ends_as_diverged(shared: LiveServer) -> None:
    space = {"learning_rate": {"values": [10.0, 0.05]}, "momentum": {"fixed": 0.99}}
    made = search(
        shared, task="diabetes", strategy="grid", trials=2, steps=400, space=space, parallel=1
    )
    found = wait_for(shared, made["id"])

    diverged = next(t for t in found["trials"] if t["values"]["learning_rate"] == 10.0)
    assert diverged["outcome"] == "diverged", found
    assert not diverged["fits"]
    assert found["counts"]["diverged"] == 1
    assert found["best_run_id"] != diverged["run_id"]


def test_the_winner_is_repeated_with_other_seeds(shared: LiveServer, done: dict[str, Any]) -> None:
    made = wait_for(shared, search(shared, trials=2, steps=20)["id"])

    asked = shared.client.post(f"/api/searches/{made['id']}/repeat", json={"seeds": 2})
    assert asked.status_code == 202
    found = wait_for(shared, made["id"], trials=4)

    repeats = [trial for trial in found["trials"] if trial["repeat_of"] is not None]
    best = next(trial for trial in found["trials"] if trial["run_id"] == made["best_run_id"])
    assert [trial["seed"] for trial in repeats] == [best["seed"] + 1, best["seed"] + 2]
    assert all(trial["values"] == best["values"] for trial in repeats)
    assert found["best_run_id"] == made["best_run_id"]
    assert found["repeats"][0]["val_costs"] == [trial["val_cost"] for trial in repeats]
    assert found["repeats"][0]["spread"] > 0


def test_a_refined_search_looks_around_the_best(shared: LiveServer, done: dict[str, Any]) -> None:
    answer = shared.client.post(
        f"/api/searches/{done['id']}/refine", json={"keep": 1, "widen": 1.2, "trials": 2}
    )

    assert answer.status_code == 201
    refined = answer.json()
    assert refined["parent_id"] == done["id"]
    best = next(trial for trial in done["trials"] if trial["run_id"] == done["best_run_id"])
    for name, row in refined["space"].items():
        assert row["low"] <= best["values"][name] <= row["high"]
        assert row["low"] >= done["space"][name]["low"]
    assert isinstance(refined["clipped"], list)
    wait_for(shared, refined["id"])


def test_trials_stay_out_of_the_list_of_runs(shared: LiveServer, done: dict[str, Any]) -> None:
    def listed(query: str) -> set[int]:
        answer = shared.client.get(f"/api/runs?limit=5000{query}")
        return {run["id"] for run in answer.json()["runs"]}

    trials = {trial["run_id"] for trial in done["trials"]}
    assert not listed("") & trials
    assert listed("&trials=true") >= trials
    assert listed(f"&search_id={done['id']}") == trials


def test_few_trials_are_drawn_ahead_and_a_stop_leaves_the_others_undrawn(
    shared: LiveServer,
) -> None:
    made = search(shared, **{**SLOW, "trials": 40}, parallel=1)
    trial = wait_for_trial(shared, made["id"])
    shared.command(trial["run_id"], "stop")
    wait_for_trial(shared, made["id"], 2)

    command(shared, made["id"], "stop")
    found = wait_for(shared, made["id"], "stopped")

    assert 2 <= len(found["trials"]) <= 10
    assert [each["number"] for each in found["trials"]] == list(range(1, len(found["trials"]) + 1))


def test_an_ordinary_run_starts_at_once_while_trials_fill_the_places(shared: LiveServer) -> None:
    made = search(shared, **{**SLOW, "trials": 6, "parallel": 4})
    trial = wait_for_trial(shared, made["id"], 2)

    run = shared.start_run("spirals", steps=100_000)
    shared.wait_for_status(run["id"], "running", timeout_s=20)

    assert shared.run(trial["run_id"])["status"] == "running"
    assert niceness(shared, trial["run_id"]) == niceness(shared, run["id"]) + 10
    shared.command(run["id"], "stop")
    command(shared, made["id"], "stop")
    wait_for(shared, made["id"], "stopped")


def niceness(server: LiveServer, run_id: int) -> int:
    """Of the process that works on the run."""
    pid = server.events(run_id, "worker_started")[-1]["pid"]
    return os.getpriority(os.PRIO_PROCESS, pid)


def test_space_of_a_search_is_shown_as_it_was_asked(done: dict[str, Any]) -> None:
    assert done["space"]["learning_rate"] == SPACE["learning_rate"]


def test_a_search_is_exported_as_a_table_and_as_it_is_answered(
    shared: LiveServer, done: dict[str, Any]
) -> None:
    path = f"/api/searches/{done['id']}/export"

    table = shared.client.get(path, params={"format": "csv"})
    whole = shared.client.get(path, params={"format": "json"})

    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert f'filename="search-{done["id"]}.csv"' in table.headers["content-disposition"]
    assert [int(row["run_id"]) for row in rows] == [one["run_id"] for one in done["trials"]]
    for row, trial in zip(rows, done["trials"], strict=True):
        assert float(row["val_cost"]) == trial["val_cost"]
        assert row["outcome"] == trial["outcome"]
        assert {name: float(row[name]) for name in SPACE} == trial["values"]
    assert whole.json() == read(shared, done["id"])
    assert shared.client.get(path).status_code == 422
    assert shared.client.get(path, params={"format": "xml"}).status_code == 422
    assert shared.client.get("/api/searches/999/export?format=csv").status_code == 404


def test_a_search_is_written_as_a_study_of_optuna(
    shared: LiveServer, done: dict[str, Any], tmp_path: Path
) -> None:
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    asked = ("export-study", str(done["id"]), storage, "--data-dir", str(shared.data_dir))

    made, again = babysit(*asked), babysit(*asked)

    assert made.returncode == 0, made.stderr
    study = optuna.load_study(study_name=f"search-{done['id']}", storage=storage)
    assert study.best_value == done["best_val_cost"]
    assert study.best_trial.user_attrs["run_id"] == done["best_run_id"]
    assert [trial.params for trial in study.trials] == [one["values"] for one in done["trials"]]
    assert again.returncode == 1
    assert "already has a study" in again.stderr

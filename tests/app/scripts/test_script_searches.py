"""Searches over people's own scripts: as over tasks, from what a script declares."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from babysit.protocol.spec.script_files import register
from babysit.protocol.spec.script_start import script_spec
from tests.app.scripts.test_scripts import nothing_is_wrong, over
from tests.app.small_searches import command, drawn, read, wait_for
from tests.live_server import LiveServer, serving

SCRIPT = Path(__file__).with_name("short_training.py")
SPACE: dict[str, Any] = {
    "lr": {"low": 1e-3, "high": 0.3},
    "hidden": {"scale": "log2", "low": 2, "high": 16},
    "power": {"scale": "linear", "low": 0.5, "high": 1.5},
}
pytestmark = pytest.mark.sampled(8)
TRIALS_OF_FIVE = {"hidden": {"values": [5]}, "lr": {"low": 0.01, "high": 0.1}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server on which the script has run once, and so is known."""
    with serving(tmp_path_factory.mktemp("scripts") / "data", "--no-demo") as server:
        known(server)
        yield server


def registered(server: LiveServer, *argv: str) -> str:
    return register(server.data_dir, script_spec(SCRIPT, list(argv), supervised=True))


def known(server: LiveServer, *argv: str) -> tuple[str, dict[str, Any]]:
    """The registration of the script, and its first run when that is over."""
    ident = registered(server, *argv)
    run_id = server.client.post("/api/runs", json={"script": ident}).json()["id"]
    run = over(server, run_id)
    assert run["status"] == "finished", run
    return ident, run


def search(server: LiveServer, **asked: Any) -> dict[str, Any]:
    body = {"script": registered(server), "space": SPACE, "strategy": "random", "trials": 4}
    answer = server.client.post("/api/searches", json=body | {"parallel": 2, "seed": 3} | asked)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_trials_train_with_what_was_drawn_and_the_best_is_that_of_the_scripts_objective(
    server: LiveServer,
) -> None:
    found = wait_for(server, search(server)["id"])

    assert found["counts"]["finished"] == 4
    assert (found["objective"], found["mode"], found["steps"]) == ("val/loss", "min", 32)
    assert found["script"]["path"] == str(SCRIPT)
    assert "environment" not in found["script"]
    costs = {}
    for trial in found["trials"]:
        run = server.run(trial["run_id"])
        assert (run["step"], run["steps"], run["search"]["id"]) == (32, 32, found["id"])
        assert {name: run["values"][name] for name in SPACE} == trial["values"]
        assert run["latest"]["val/size"] == trial["values"]["hidden"]
        curves = server.client.get(f"/api/runs/{run['id']}/curves?series=val/loss,train/loss")
        costs[run["id"]] = curves.json()["series"]["val/loss"]["value"][-1]
        assert trial["objective_value"] == costs[run["id"]]
        assert run["initial_values"]["learning_rate"] == pytest.approx(trial["values"]["lr"])
    assert found["best_run_id"] == min(costs, key=costs.__getitem__)
    assert len(set(costs.values())) == 4
    again = wait_for(server, search(server)["id"])
    assert drawn(again) == drawn(found)
    for one, other in zip(found["trials"], again["trials"], strict=True):
        assert one["objective_value"] == other["objective_value"], "it can be repeated"


@pytest.mark.parametrize(
    ("strategy", "trials", "rounds"),
    [("grid", 4, 1), ("quasi_random", 4, 1), ("tpe", 12, 1), ("coarse_to_fine", 6, 2)],
)
def test_every_strategy_comes_to_its_end(
    server: LiveServer, strategy: str, trials: int, rounds: int
) -> None:
    space = {name: SPACE[name] for name in ("lr", "hidden")}
    points = {"lr": 2, "hidden": 2} if strategy == "grid" else {}
    made = search(
        server, strategy=strategy, trials=trials, space=space, points=points, rounds=rounds, keep=2
    )
    found = wait_for(server, made["id"])
    assert len(found["trials"]) == found["counts"]["finished"] == trials
    assert len({json.dumps(trial["values"], sort_keys=True) for trial in found["trials"]}) > 2
    assert [each["round"] for each in found["rounds"]] == list(range(1, rounds + 1))


def test_a_number_of_steps_and_another_objective_are_what_was_asked_for(
    server: LiveServer,
) -> None:
    asked = {"objective": "val/size", "mode": "max", "steps": 20, "trials": 3}
    found = wait_for(server, search(server, **asked)["id"])
    assert [trial["step"] for trial in found["trials"]] == [20] * 3
    best = next(trial for trial in found["trials"] if trial["run_id"] == found["best_run_id"])
    assert best["values"]["hidden"] == max(trial["values"]["hidden"] for trial in found["trials"])
    longer = wait_for(server, search(server, steps=40, trials=1)["id"])
    assert longer["trials"][0]["step"] == 40


def test_a_trial_is_repeated_refined_around_and_promoted(server: LiveServer) -> None:
    made = search(server, trials=3)["id"]
    first = wait_for(server, made)
    best = next(trial for trial in first["trials"] if trial["run_id"] == first["best_run_id"])

    server.client.post(f"/api/searches/{made}/repeat", json={"seeds": 2}).raise_for_status()
    repeated = wait_for(server, made, trials=5)
    values = {trial["objective_value"] for trial in repeated["trials"][3:]}
    assert {trial["repeat_of"] for trial in repeated["trials"][3:]} == {best["run_id"]}
    assert len({*values, best["objective_value"]}) == 3, "another seed is another training"
    assert repeated["repeats"][0]["spread"] > 0

    refined = server.client.post(f"/api/searches/{made}/refine", json={"trials": 2, "keep": 2})
    assert refined.status_code == 201, refined.text
    around = wait_for(server, refined.json()["id"])
    assert around["parent_id"] == made
    assert around["counts"]["finished"] == 2
    assert [trial["step"] for trial in around["trials"]] == [32, 32]
    importance = server.client.get(f"/api/searches/{made}/importance")
    assert importance.status_code == 200, importance.text

    where = f"/api/runs/{best['run_id']}/promote"
    for source in ("scratch", "checkpoint"):
        asked = {"from": source} if source == "scratch" else {"from": source, "steps": 48}
        answer = server.client.post(where, json=asked)
        assert answer.status_code == 201, answer.text
        run = over(server, answer.json()["id"])
        assert (run["status"], run["search"]) == ("finished", None), run
        assert {name: run["values"][name] for name in SPACE} == best["values"]
        if source == "scratch":
            assert run["latest"]["val/loss"] == best["objective_value"]
        else:
            assert run["step"] == 48


def test_trials_go_on_from_a_checkpoint_of_a_script(server: LiveServer) -> None:
    _, run = known(server)
    checkpoint = next(
        item
        for item in server.client.get(f"/api/runs/{run['id']}/checkpoints").json()
        if item["step"] == 32
    )["id"]
    body = {
        "from_checkpoint": checkpoint,
        "space": {"learning_rate": {"low": 0.01, "high": 0.1}},
        "strategy": "random",
        "trials": 2,
        "steps": 48,
    }
    answer = server.client.post("/api/searches", json=body)
    assert answer.status_code == 201, answer.text
    found = wait_for(server, answer.json()["id"])
    assert [(trial["step"], trial["outcome"]) for trial in found["trials"]] == [
        (48, "finished")
    ] * 2
    other = server.client.post("/api/searches", json={**body, "task": "spirals"})
    assert other.status_code == 422


def test_a_trial_that_is_far_behind_is_stopped_between_two_turns(server: LiveServer) -> None:
    rates = [0.05 + place / 100 for place in range(9)]
    space = {"lr": {"values": [*rates, 1e-5]}, "pause": {"fixed": 0.03}}
    asked = {"strategy": "grid", "trials": 10, "stop_early": "median"}
    found = wait_for(server, search(server, space=space, **asked)["id"])

    last = found["trials"][-1]
    assert (last["outcome"], last["status"]) == ("stopped_early", "stopped")
    assert 8 <= last["step"] < 32
    sent = server.events(last["run_id"], "command_sent")[-1]
    assert "its val/loss was" in sent["command"]["note"]


def test_a_trial_that_its_script_spoils_says_why_and_the_search_goes_on(
    server: LiveServer,
) -> None:
    reasons = {
        "raises": "ValueError: no such data",
        "exits": "exited with code 3",
        "silent": "The script logged no val/loss, by which the search compares.",
    }
    for fault, reason in reasons.items():
        ident, _ = known(server, "--fault", fault)
        space = {**TRIALS_OF_FIVE, "hidden": {"values": [5, 6]}}
        made = search(server, script=ident, space=space, strategy="grid", points={"lr": 2})
        found = wait_for(server, made["id"])
        assert (found["counts"]["failed"], found["counts"]["finished"]) == (2, 2), fault
        for trial in found["trials"]:
            run = server.run(trial["run_id"])
            if trial["values"]["hidden"] == 5:
                assert trial["outcome"] == "failed"
                assert reason in run["reason"], (fault, run["reason"])
                assert not trial["fits"]


def test_a_trial_whose_process_is_killed_is_continued(server: LiveServer, tmp_path: Path) -> None:
    ident, _ = known(server, "--fault", f"killed:{tmp_path}")
    found = wait_for(server, search(server, script=ident, space=TRIALS_OF_FIVE, trials=2)["id"])
    assert found["counts"]["finished"] == 2
    for trial in found["trials"]:
        assert server.run(trial["run_id"])["attempt"] == 2


def test_a_search_over_a_script_outlives_the_server(data_dir: Path, serve: Any) -> None:
    with serve(data_dir, "--no-demo") as server:
        ident, _ = known(server, "--pause", "0.02")
        made = search(server, script=ident, trials=4)["id"]
        server.wait_until(lambda: read(server, made)["counts"]["finished"], "a trial is over")
        before = read(server, made)
        server.kill()
    with serve(data_dir, "--no-demo") as server:
        found = wait_for(server, made)
        assert found["counts"]["finished"] == 4
        assert drawn(found)[: len(before["trials"])] == drawn(before)
        assert found["script"] == before["script"]
        for trial in found["trials"]:
            assert server.run(trial["run_id"])["latest"]["val/size"] == trial["values"]["hidden"]
    nothing_is_wrong(data_dir, deep=False)


def test_a_search_that_is_paused_and_stopped_takes_its_trials_along(server: LiveServer) -> None:
    ident, _ = known(server, "--pause", "0.03")
    made = search(server, script=ident, trials=4, steps=100_000)["id"]
    running = server.wait_until(
        lambda: [trial for trial in read(server, made)["trials"] if trial["step"] > 0], "a trial"
    )
    command(server, made, "pause")
    assert server.wait_for_status(running[0]["run_id"], "paused")["reason"] == "search"
    command(server, made, "resume")
    server.wait_for_status(running[0]["run_id"], "running")
    command(server, made, "stop")
    stopped = wait_for(server, made, "stopped")
    for trial in stopped["trials"]:
        server.wait_for_status(trial["run_id"], "stopped")


def test_what_cannot_be_searched_is_refused_with_the_reason(server: LiveServer) -> None:
    new = registered(server, "--lr", "0.2")
    ident = registered(server)
    good = {"script": ident, "space": SPACE, "strategy": "random", "trials": 2}
    refused: list[tuple[dict[str, Any], str, str]] = [
        ({"script": new}, "script", "once a run of it has begun"),
        ({"script": "0123456789abcdef"}, "script", "registered"),
        ({"script": SCRIPT.name}, "script", "Give the id of one"),
        ({"task": "spirals"}, "task", "a task or a registered script"),
        ({"space": {"depth": {"low": 1, "high": 2}}}, "space.depth", "hyperparameter"),
        ({"space": {"power": {"low": 0.1, "high": 1}}}, "space.power", "0.5"),
        ({"objective": "val/size"}, "mode", "which val/size is better"),
    ]
    for asked, field, word in refused:
        answer = server.client.post("/api/searches", json={**good, **asked})
        assert answer.status_code == 422, (asked, answer.text)
        assert (answer.json()["field"], word in answer.json()["message"]) == (field, True), asked
        seen = server.client.post("/api/searches/preview", json={**good, **asked})
        assert seen.status_code == 422, (asked, seen.text)
    preview = server.client.post("/api/searches/preview", json=good)
    assert preview.status_code == 200, server.output[-3000:]
    assert "finished run" in preview.json()["estimate"]["measured_on"]

    listed = {item["id"]: item for item in server.client.get("/api/scripts").json()}
    assert listed[new]["described"] is None
    said = listed[ident]["described"]
    assert (said["default_steps"], said["objective"]) == (32, "val/loss")
    assert {"lr", "hidden", "power"} <= {item["name"] for item in said["hyperparameters"]}
    assert "environment" not in listed[ident]

"""What each route answers, in the shapes that are promised."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from app.errors import NotFound
from app.web.routes import frontend
from tests.app.sse_client import stream
from tests.conftest import Serve
from tests.live_server import LiveServer

RUN_FIELDS = {
    "id", "name", "task", "status", "reason", "step", "steps", "seed", "values", "parent",
    "family_id", "live", "created_at", "note", "started_at", "ended_at", "error", "demo",
    "initial_values", "effective", "latest", "best", "epoch", "steps_per_epoch", "train_size",
    "steps_per_s", "attempt", "allowed", "pending", "trashed_at", "last_event_id", "threads",
    "device",
}  # fmt: skip
JSON = {"Content-Type": "application/json"}


def test_health_is_open_and_says_what_runs_here(shared: LiveServer) -> None:
    answer = shared.client.get("/api/health", headers={"Authorization": ""}).json()

    assert answer["status"] == "ok"
    assert answer["database"].startswith("SQLite")


def test_tasks_are_listed_with_their_hyperparameters(shared: LiveServer) -> None:
    answer = shared.client.get("/api/tasks", params={"wait_s": 30}).json()

    assert answer["ready"]
    tasks = {task["name"]: task for task in answer["tasks"]}
    assert {"spirals", "digits", "digits-cnn", "diabetes", "char-gpt"} <= set(tasks)
    spirals = tasks["spirals"]
    assert spirals["error"] is None
    rate = next(item for item in spirals["hyperparameters"] if item["name"] == "learning_rate")
    assert (rate["tier"], rate["scale"], rate["when"]) == (1, "log10", "live")
    assert spirals["defaults"]["learning_rate"] == rate["default"]
    decay = next(item for item in spirals["hyperparameters"] if item["name"] == "decay_steps")
    assert decay["high"] == 2**53


def test_a_run_is_answered_whole_and_trained_to_its_end(shared: LiveServer) -> None:
    run = shared.start_run(
        "spirals", steps=60, seed=7, name="one", note="why", values={"momentum": 0.5}
    )
    assert set(run) >= RUN_FIELDS
    assert (run["status"], run["parent"], run["live"]) == ("queued", None, True)
    assert (run["seed"], run["values"]["momentum"]) == (7, 0.5)
    assert run["family_id"] == run["id"]

    done = shared.wait_for_status(run["id"], "finished")

    assert (done["step"], done["allowed"], done["error"]) == (60, ["fork"], None)
    assert done["latest"]["learning_rate"] == done["values"]["learning_rate"]
    assert done["effective"]["schedule_factor"] == 1.0
    assert done["best"]["val_cost"] > 0
    curves = shared.client.get(f"/api/runs/{run['id']}/curves").json()
    cost = curves["series"]["train/cost"]
    assert cost["step"] == list(range(1, 61))
    assert cost["value"] == cost["min"] == cost["max"]
    assert cost["counts"] == [1] * 60
    assert cost["count"] == 60
    assert {"val/cost", "val/accuracy", "grad_norm", "step_size"} <= set(curves["series"])
    part = f"/api/runs/{run['id']}/curves?series=train/cost,val/cost&from_step=10&to_step=19"
    series = shared.client.get(part).json()["series"]
    assert list(series) == ["train/cost", "val/cost"]
    assert series["train/cost"]["step"] == list(range(10, 20))
    starred = shared.client.get(f"/api/runs/{run['id']}/curves?series=val/*,momentum,val/cost")
    assert list(starred.json()["series"]) == ["val/accuracy", "val/cost", "momentum"]
    last = shared.client.get(f"/api/runs/{run['id']}/checkpoints").json()[-1]
    assert (last["step"], last["cause"], last["valid"]) == (60, "end", True)


def test_runs_are_listed_newest_first_and_paged(shared: LiveServer) -> None:
    made = [shared.start_run("spirals", steps=2, name=f"paged 100% {n}")["id"] for n in range(3)]
    first = shared.client.get("/api/runs?search=100% &limit=2").json()
    rest = shared.client.get(f"/api/runs?search=100% &limit=2&before={first['next']}").json()

    assert [run["id"] for run in first["runs"] + rest["runs"]] == made[::-1]
    assert rest["next"] is None
    assert shared.client.get("/api/runs?search=100_x").json()["runs"] == []
    for run_id in made:
        shared.wait_for_status(run_id, "finished")
    finished = shared.client.get("/api/runs?status=finished&task=spirals&search=PAGED").json()
    assert len(finished["runs"]) == 3
    assert shared.client.get(f"/api/runs?family_id={made[0]}").json()["runs"][0]["id"] == made[0]


def test_a_run_is_renamed_noted_trashed_and_restored(
    shared: LiveServer, ended: dict[str, Any]
) -> None:
    path = f"/api/runs/{ended['id']}"
    hostile = "<script>alert(1)</script> \u202e ../../x"
    changed = shared.client.patch(path, json={"name": hostile, "note": "n"}).json()
    assert (changed["name"], changed["note"]) == (hostile, "n")
    assert shared.client.patch(path, json={"name": "  "}).status_code == 422
    assert shared.client.patch(path, json={"status": "running"}).status_code == 422

    note = shared.client.post(f"{path}/notes", json={"text": "look", "step": 3}).json()
    assert (note["kind"], note["text"], note["step"], note["actor"]) == (
        "note_added", "look", 3, "owner",
    )  # fmt: skip

    assert shared.client.delete(path, headers=JSON).status_code == 204
    assert shared.client.delete(path, headers=JSON).status_code == 204
    listed = [run["id"] for run in shared.client.get("/api/runs?limit=1000").json()["runs"]]
    assert ended["id"] not in listed
    trash = shared.client.get("/api/runs?trashed=true").json()["runs"]
    assert ended["id"] in [run["id"] for run in trash]
    restored = shared.client.patch(path, json={"trashed": False, "name": ended["name"]}).json()
    assert (restored["trashed_at"], restored["name"]) == (None, ended["name"])
    kinds = [event["kind"] for event in shared.events(ended["id"])]
    assert kinds[-5:] == ["described", "note_added", "trashed", "described", "restored"]


@pytest.mark.parametrize(
    ("name", "field"), [("head.lr", "controls.head.lr"), ("<b>mine</b>", "controls")]
)
def test_an_error_names_a_control_but_repeats_no_other_text(
    shared: LiveServer, ended: dict[str, Any], name: str, field: str
) -> None:
    refused = shared.client.patch(f"/api/runs/{ended['id']}", json={"controls": {name: 1}})

    assert (refused.status_code, refused.json()["field"]) == (422, field)
    assert "mine" not in refused.text


def test_a_running_run_is_stopped_when_it_is_trashed(
    shared: LiveServer, running: dict[str, Any]
) -> None:
    assert shared.client.delete(f"/api/runs/{running['id']}", headers=JSON).status_code == 204

    assert shared.wait_for_status(running["id"], "stopped")["trashed_at"] is not None


def test_events_are_paged_both_ways_and_by_kind(shared: LiveServer, ended: dict[str, Any]) -> None:
    path = f"/api/runs/{ended['id']}/events"
    everything = shared.client.get(path).json()
    assert everything["next"] is None
    ids = [event["id"] for event in everything["events"]]
    assert ids == sorted(ids)
    found: list[int] = []
    after: int | None = 0
    while after is not None:
        part = shared.client.get(f"{path}?limit=2&after={after}").json()
        found += [event["id"] for event in part["events"]]
        after = part["next"]
    assert found == ids
    backwards = shared.client.get(f"{path}?order=desc&limit=2").json()
    assert [event["id"] for event in backwards["events"]] == ids[::-1][:2]
    kinds = shared.client.get(f"{path}?kind=status_changed,worker_started").json()["events"]
    assert {event["kind"] for event in kinds} == {"status_changed", "worker_started"}
    assert shared.client.get(f"{path}?kind=exploded").status_code == 422


def test_a_fork_goes_on_from_its_checkpoint_and_leaves_its_parent_alone(
    shared: LiveServer,
) -> None:
    parent = shared.start_run("spirals", steps=40)
    shared.wait_for_status(parent["id"], "finished")
    path = f"/api/runs/{parent['id']}"
    before = shared.client.get(f"{path}/curves").json()
    end = shared.client.get(f"{path}/checkpoints").json()[-1]
    early = shared.client.post(f"/api/checkpoints/{end['id']}/fork", json={"steps": 40})
    assert (early.status_code, early.json()["field"]) == (422, "steps")

    asked = {"steps": 70, "values": {"learning_rate": 0.05, "momentum": 0.5}, "name": "child"}
    child = shared.client.post(f"/api/checkpoints/{end['id']}/fork", json=asked).json()

    assert child["parent"] == {
        "run_id": parent["id"], "step": 40, "checkpoint_id": end["id"],
    }  # fmt: skip
    assert (child["step"], child["live"], child["family_id"]) == (40, False, parent["id"])
    assert child["values"]["learning_rate"] == 0.05
    shared.wait_for_status(child["id"], "finished")
    family = shared.client.get(f"{path}/family").json()
    assert family["live_run_id"] == parent["id"]
    assert [run["id"] for run in family["runs"]] == [parent["id"], child["id"]]
    whole = shared.client.get(f"/api/runs/{child['id']}/curves?family=true").json()["series"]
    assert whole["train/cost"]["step"] == list(range(1, 71))
    own = shared.client.get(f"/api/runs/{child['id']}/curves").json()["series"]
    assert own["train/cost"]["step"] == list(range(41, 71))
    assert own["learning_rate"]["value"] == [0.05] * 30
    assert shared.client.get(f"{path}/curves").json() == before
    kept = shared.client.get(f"{path}/checkpoints").json()[-1]
    assert kept["pinned"]


def test_rewind_makes_the_fork_the_live_branch_and_stops_the_tail(
    shared: LiveServer, running: dict[str, Any]
) -> None:
    saved = shared.command(running["id"], "save_checkpoint")
    checkpoint = saved["after"]["checkpoint_id"]

    asked = {"rewind": True, "steps": 100_000}
    child = shared.client.post(f"/api/checkpoints/{checkpoint}/fork", json=asked).json()

    assert child["live"]
    stopped = shared.wait_for_status(running["id"], "stopped")
    assert not stopped["live"]
    family = shared.client.get(f"/api/runs/{child['id']}/family").json()
    assert family["live_run_id"] == child["id"]
    back = shared.client.patch(f"/api/runs/{running['id']}", json={"live": True}).json()
    assert back["live"]
    assert not shared.run(child["id"])["live"]
    shared.client.delete(f"/api/runs/{child['id']}", headers=JSON)


def test_a_damaged_checkpoint_is_shown_and_never_forked(shared: LiveServer) -> None:
    run = shared.start_run("spirals", steps=15)
    shared.wait_for_status(run["id"], "finished")
    path = f"/api/runs/{run['id']}/checkpoints"
    end = shared.client.get(path).json()[-1]
    files = shared.data_dir / "runs" / str(run["id"]) / "checkpoints" / "15"
    weights = bytearray((files / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (files / "model.safetensors").write_bytes(weights)

    flipped = shared.client.post(f"/api/checkpoints/{end['id']}/fork", json={})

    assert (flipped.status_code, flipped.json()["state"]) == (409, "damaged")
    assert "model.safetensors" in flipped.json()["message"]
    (files / "model.safetensors").write_bytes(weights[:-1])
    assert [item["valid"] for item in shared.client.get(path).json()][-1] is False


def test_a_checkpoint_is_pinned_and_released(shared: LiveServer, ended: dict[str, Any]) -> None:
    last = shared.client.get(f"/api/runs/{ended['id']}/checkpoints").json()[-1]
    path = f"/api/checkpoints/{last['id']}"

    assert shared.client.patch(path, json={"pinned": True}).json()["pinned"]
    assert not shared.client.patch(path, json={"pinned": False}).json()["pinned"]


def test_everything_can_be_exported(shared: LiveServer, ended: dict[str, Any]) -> None:
    path = f"/api/runs/{ended['id']}"
    table = shared.client.get(f"{path}/export?format=csv")
    rows = list(csv.DictReader(table.text.splitlines()))
    assert "attachment" in table.headers["content-disposition"]
    assert list(rows[0]) == ["step", "series", "value", "run_id", "attempt"]
    cost = shared.client.get(f"{path}/curves?series=train/cost").json()["series"]["train/cost"]
    exported = [row for row in rows if row["series"] == "train/cost"]
    assert [float(row["value"]) for row in exported] == cost["value"]
    assert [int(row["step"]) for row in exported] == cost["step"]

    whole = shared.client.get(f"{path}/export?format=json").json()
    assert set(whole) == {"run", "events", "curves", "checkpoints"}
    assert whole["curves"]["train/cost"]["value"] == cost["value"]
    assert len(whole["events"]) == len(shared.events(ended["id"]))

    book = shared.client.get(f"{path}/export?format=markdown").text
    assert book.startswith(f"# {ended['name']}")
    assert "finished" in book
    frontend = shared.client.get(f"{path}/export?format=html").text
    assert "<h1>ended</h1>" in frontend
    assert "average over 20 steps" in frontend
    assert shared.client.get(f"{path}/export?format=xml").status_code == 422
    assert shared.client.get(f"{path}/export").status_code == 422
    parquet = shared.client.get(f"{path}/export?format=parquet")
    assert parquet.status_code == 200 or "pyarrow" in parquet.json()["message"]


def test_the_picture_of_a_network_is_there_when_its_task_draws_one(shared: LiveServer) -> None:
    run = shared.start_run("spirals", steps=40)
    shared.wait_for_status(run["id"], "finished")

    picture = shared.client.get(f"/api/runs/{run['id']}/picture").json()

    assert picture["kind"] == "decision_boundary"
    assert len(picture["z"]) == len(picture["y"])


def test_the_page_is_served_fresh_and_its_files_for_ever(tmp_path: Path) -> None:
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    (built / "index.html").write_text("<!doctype html>")
    (built / "assets" / "x-1234.js").write_text("1")

    index = frontend.answer_from(built, "")
    deep = frontend.answer_from(built, "runs/3")
    script = frontend.answer_from(built, "assets/x-1234.js")

    assert index.headers["cache-control"] == deep.headers["cache-control"] == "no-cache"
    assert "immutable" in script.headers["cache-control"]
    assert script.headers["content-type"].startswith("text/javascript")
    for path in ("../secret.txt", "assets/../../secret.txt", "assets/none.js"):
        with pytest.raises(NotFound):
            frontend.answer_from(built, path)
    assert frontend.answer_from(tmp_path / "nothing", "").status_code == 503


BROKEN = "import nothing_like_that\n"
RAISES = """
import torch
from babysit.task import Data, Examples, Task

calls = 0

def cost(output, y, values):
    global calls
    calls += 1
    if calls > 400:
        raise RuntimeError("the cost is on strike")
    return ((output - y) ** 2).mean()

def load():
    x = torch.linspace(-1, 1, 64).reshape(64, 1)
    return Data(Examples(x, x), Examples(x, x))

TASK = Task(title="Raises", summary="", load=load, kind="regression", cost=cost,
            build=lambda values: torch.nn.Linear(1, 1), steps=2000)
"""


def test_tasks_of_ones_own_may_be_broken_and_harm_nobody(
    serve: Serve, data_dir: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "broken_task.py").write_text(BROKEN)
    (folder / "raises.py").write_text(RAISES)
    (folder / "exits.py").write_text("import os\nos._exit(0)\n")
    with serve(data_dir, "--no-demo", BABYSIT_MODELS=str(folder)) as server:
        listed = server.client.get("/api/tasks?wait_s=40").json()["tasks"]
        tasks = {task["name"]: task for task in listed}
        assert "nothing_like_that" in tasks["broken-task"]["error"]
        assert tasks["exits"]["error"]
        assert tasks["raises"]["error"] is None
        for name in ("broken-task", "exits"):
            refused = server.client.post("/api/runs", json={"task": name})
            assert (refused.status_code, refused.json()["field"]) == (422, "task")

        run = server.start_run("raises")
        failed = server.wait_for_status(run["id"], "failed")

        assert failed["reason"].endswith("the cost is on strike")
        assert "Traceback" in failed["error"]
        path = f"/api/runs/{run['id']}/curves?series=train/cost"
        steps = server.client.get(path).json()["series"]["train/cost"]["step"]
        assert steps == list(range(1, failed["step"] + 1))
        assert len(steps) > 100
        (folder / "broken_task.py").write_text(RAISES)  # mended while the server runs
        server.wait_until(
            lambda: any(
                task["name"] == "broken-task" and task["error"] is None
                for task in server.client.get("/api/tasks").json()["tasks"]
            ),
            "the mended task is listed",
        )


def test_the_demo_starts_by_itself_in_an_empty_data_directory_only(
    serve: Serve, data_dir: Path
) -> None:
    with serve(data_dir) as server:

        def demo() -> Any:
            runs = server.client.get("/api/runs").json()["runs"]
            return runs[0] if runs else None

        run = server.wait_until(demo, "the demo")
        assert (run["name"], run["demo"], run["steps"]) == ("spirals-demo", True, 20_000)
        assert run["values"]["learning_rate"] == 0.003
        server.wait_for_step(run["id"], 10)
        assert json.loads((data_dir / "runs" / "1" / "run.json").read_text())["demo"] is True
        server.client.delete("/api/runs/1", headers=JSON)
        server.wait_for_status(1, "stopped")
    with serve(data_dir) as server:
        listed = server.client.get("/api/runs?trashed=true").json()["runs"]
        assert [item["id"] for item in listed] == [1]
        assert server.client.get("/api/runs").json()["runs"] == []


def test_a_new_demo_waits_after_its_first_steps_until_somebody_looks(
    serve: Serve, data_dir: Path
) -> None:
    with serve(data_dir) as server:
        demo = server.wait_until(
            lambda: server.client.get("/api/runs").json()["runs"], "the demo is there"
        )[0]

        waiting = server.wait_for_status(demo["id"], "paused")
        with stream(server, runs=demo["id"]):
            server.wait_for_status(demo["id"], "running")

        assert waiting["reason"] == "no_viewer"
        assert 30 <= waiting["step"] < 300

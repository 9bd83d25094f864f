"""Scripts that a person or the server started: they appear, are steered, and continue."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.settings import Settings
from app.verify.runner import verify
from babysit.protocol.spec.script_files import register
from babysit.protocol.spec.script_start import script_spec
from tests.app.steered_run import checkpoints
from tests.live_server import LiveServer

SCRIPT = Path(__file__).with_name("long_training.py")
ROOT = Path(__file__).parents[3]


def environment(server: LiveServer) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if "BABYSIT_" not in name}
    own = {"BABYSIT_DATA_DIR": str(server.data_dir), "PYTHONPATH": str(ROOT)}
    return inherited | own | {"OMP_NUM_THREADS": "1", "BABYSIT_TOKEN": server.token}


@pytest.fixture
def by_hand(server: LiveServer, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`python long_training.py`, started by a person."""
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT)],
            env=environment(server),
            stdout=output,
            stderr=output,
            cwd=tmp_path,
        )
        yield process
        process.kill()
        process.wait()


def at_step(server: LiveServer, run_id: int, step: int, status: str = "running") -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        answer = server.client.get(f"/api/runs/{run_id}")
        if answer.status_code == 404:
            return None
        run: dict[str, Any] = answer.json()
        return run if run["step"] >= step and run["status"] == status else None

    return server.wait_until(look, f"run {run_id} is {status} at step {step}")


def over(server: LiveServer, run_id: int) -> dict[str, Any]:
    ends = ("finished", "stopped", "failed", "lost")

    def look() -> dict[str, Any] | None:
        run = server.run(run_id)
        return run if run["status"] in ends else None

    return server.wait_until(look, f"run {run_id} ends")


def registered(server: LiveServer, *argv: str) -> str:
    return register(server.data_dir, script_spec(SCRIPT, list(argv), supervised=True))


def started(server: LiveServer, *argv: str, **asked: Any) -> dict[str, Any]:
    answer = server.client.post("/api/runs", json={"script": registered(server, *argv), **asked})
    assert answer.status_code == 201, answer.text
    run: dict[str, Any] = answer.json()
    return run


def worker_of(server: LiveServer, run_id: int) -> int:
    return int(server.events(run_id, "worker_started")[-1]["pid"])


def nothing_is_wrong(data_dir: Path, *, deep: bool = True) -> None:
    said: list[str] = []
    assert verify(Settings(data_dir=data_dir), None, deep=deep, report=said.append) == 0, said


def test_a_script_that_a_person_starts_appears_and_can_be_steered(
    server: LiveServer, by_hand: subprocess.Popen[bytes]
) -> None:
    run = at_step(server, 1, 20)
    assert (run["name"], run["task"], run["steps"]) == ("long", SCRIPT.name, 32_000)
    assert run["script"]["path"] == str(SCRIPT)
    assert "environment" not in run["script"]
    assert run["exactness"]["level"] == "seen"
    assert {part["name"]: part["captured"] for part in run["parts"]} == {
        "model": "exact", "optimizer": "exact", "scheduler": "exact"
    }  # fmt: skip

    halved = server.command(1, "set", values={"learning_rate": {"times": 0.5}})
    before, after = halved["before"]["learning_rate"], halved["after"]["learning_rate"]
    assert (halved["status"], after) == ("applied", pytest.approx(before / 2, rel=1e-3))
    assert halved["undo_values"] == {"learning_rate": {"release": True}}
    undone = server.command(1, "set", values=halved["undo_values"])
    assert undone["after"]["learning_rate"] == pytest.approx(2 * after, rel=0.1)

    for wrong in ({"times": 0}, {"times": True}, {"release": False}, {}, [0.1], "fast"):
        answer = server.client.post(
            "/api/runs/1/commands", json={"kind": "set", "values": {"learning_rate": wrong}}
        )
        assert answer.status_code == 422, (wrong, answer.text)
        assert answer.json()["field"].startswith("values"), answer.text
    hidden = server.client.post(
        "/api/runs/1/commands", json={"kind": "set", "values": {"hidden": 4}}
    )
    assert "Fork" in hidden.json()["message"]

    recipe = server.client.get("/api/runs/1/export?format=recipe")
    assert "long_training.py" in recipe.text
    refused = server.client.post("/api/runs/1/replay", json={})
    assert (refused.status_code, refused.json()["state"]) == (409, "unregistered")
    measured = server.command(1, "evaluate")
    assert measured["after"]["val/loss"] > 0
    server.command(1, "stop")
    assert over(server, 1)["status"] == "stopped"
    assert by_hand.wait(20) == 0, "a stop ends the loop; the rest of the script runs on"


def test_a_script_that_a_person_started_and_that_is_gone_is_lost_until_it_is_taken_up_again(
    server: LiveServer, by_hand: subprocess.Popen[bytes]
) -> None:
    at_step(server, 1, 30)
    saved = server.command(1, "save_checkpoint")
    at_step(server, 1, saved["step"] + 30)
    by_hand.send_signal(signal.SIGKILL)
    lost = over(server, 1)
    assert (lost["status"], lost["attempt"]) == ("lost", 1)

    answer = server.client.post("/api/runs/1/attempts", json={})
    assert answer.status_code == 202, answer.text
    server.wait_until(lambda: server.events(1, "recovered"), "it is where it was")
    assert server.events(1, "recovered")[0]["verified"]
    assert server.run(1)["exactness"]["level"] == "proved"
    again = server.client.post("/api/runs/1/attempts", json={})
    assert again.status_code == 409, "it is not lost any more"


def test_the_server_does_not_stop_a_script_that_a_person_started(
    serve: Any, data_dir: Path, tmp_path: Path
) -> None:
    with serve(data_dir, "--stop-workers", "--no-demo") as server:
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT)], env=environment(server), cwd=tmp_path
        )
        at_step(server, 1, 10)
    try:
        assert process.poll() is None
        with serve(data_dir, "--no-demo") as server:
            step = server.run(1)["step"]
            at_step(server, 1, step + 5)
    finally:
        process.kill()
        process.wait()


def test_what_was_recorded_without_a_server_is_there_when_one_comes(
    serve: Any, data_dir: Path, tmp_path: Path
) -> None:
    run = subprocess.run(
        [sys.executable, str(ROOT / "tests/babysit/attached/trainings/mlp.py")],
        env=os.environ | {"BABYSIT_DATA_DIR": str(data_dir), "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    assert b"run 1" in run.stderr
    assert run.stdout == b"", "standard output is the script's own"
    with serve(data_dir, "--no-demo") as server:
        found = server.wait_until(lambda: server.client.get("/api/runs").json()["runs"], "a run")
        assert (found[0]["name"], found[0]["status"]) == ("mlp", "finished")
        started_id = server.start_run(steps=50)["id"]
        assert started_id == 2, "no number is given twice"
        over(server, 2)
    nothing_is_wrong(data_dir)


def test_a_registered_script_is_started_killed_and_continued(serve: Any, data_dir: Path) -> None:
    with serve(data_dir, "--no-demo") as server:
        run_id = started(server, "--hidden", "6", name="mine")["id"]
        at_step(server, run_id, 20)
        server.command(run_id, "save_checkpoint")
        server.command(run_id, "set", values={"learning_rate": 0.01, "momentum": 0.5})
        controls = {"hidden": {"tier": 1, "scale": "linear"}}
        changed = server.client.patch(f"/api/runs/{run_id}", json={"controls": controls})
        assert changed.status_code == 200, changed.text
        at_step(server, run_id, 50)
        os.kill(worker_of(server, run_id), signal.SIGKILL)
        recovered = server.wait_until(
            lambda: server.events(run_id, "recovered"), "a further attempt goes on"
        )
        assert recovered[0]["verified"]
        assert server.run(run_id)["values"]["momentum"] == 0.5
        first = server.run(run_id)["declared"]["hyperparameters"][:2]
        assert [(item["name"], item["tier"]) for item in first] == [
            ("learning_rate", 1),
            ("hidden", 1),
        ]
        assert first[1]["scale"] == "linear", "also after another process has declared it"
        server.command(run_id, "stop")
        run = over(server, run_id)
        assert (run["name"], run["status"], run["attempt"]) == ("mine", "stopped", 2)
        assert run["best"]["value"] > 0
        again = replayed(server, run_id)
        assert again["replayed"]["equal"], again["replayed"]
        assert not again["replayed"]["branched"]
        assert (again["step"], again["status"]) == (run["step"], "stopped")
        assert again["script"]["argv"] == ["--hidden", "6"]
        for name in ("values", "initial_values", "objective"):
            assert again[name] == run[name], name
        weights = [
            checkpoints(server, each)[-1]["weights_sha256"] for each in (run_id, again["id"])
        ]
        assert weights[0] == weights[1]
    nothing_is_wrong(data_dir)


def replayed(server: LiveServer, run_id: int, **asked: Any) -> dict[str, Any]:
    answer = server.client.post(f"/api/runs/{run_id}/replay", json=asked)
    assert answer.status_code == 201, server.output[-3000:]
    assert answer.json()["replay_of"] == run_id
    return over(server, answer.json()["id"])


def test_a_fork_of_a_script_begins_with_other_values(server: LiveServer) -> None:
    parent = started(server)["id"]
    at_step(server, parent, 20)
    server.command(parent, "save_checkpoint")
    server.command(parent, "pause")
    checkpoint = server.client.get(f"/api/runs/{parent}/checkpoints").json()[-1]
    where = f"/api/checkpoints/{checkpoint['id']}/fork"
    unknown = server.client.post(where, json={"values": {"depth": 3}})
    assert (unknown.status_code, unknown.json()["field"]) == (422, "values.depth")
    asked = {"values": {"learning_rate": {"times": 0.1}, "weight": 0.5}}
    child = server.client.post(where, json=asked).json()["id"]
    run = at_step(server, child, checkpoint["step"] + 5)
    assert run["parent"]["checkpoint_id"] == checkpoint["id"]
    assert run["values"]["weight"] == 0.5
    schedule = 1 / (1 + checkpoint["step"] / 1000)
    assert run["values"]["learning_rate"] == pytest.approx(0.05 * schedule / 10)
    same = server.client.post(where, json={}).json()["id"]
    at_step(server, same, checkpoint["step"] + 5)
    for ident in (child, same, parent):
        server.command(ident, "stop")
        over(server, ident)
    assert server.run(same)["exactness"]["level"] != "approximate"


def test_a_request_starts_no_script_that_was_not_registered(server: LiveServer) -> None:
    for asked in (
        {"script": "0123456789abcdef"},
        {"script": "../../etc/passwd"},
        {"script": ""},
        {"task": "spirals", "script": registered(server)},
        {},
    ):
        answer = server.client.post("/api/runs", json=asked)
        assert answer.status_code == 422, (asked, answer.text)
    listed = server.client.get("/api/scripts").json()
    assert [item["path"] for item in listed] == [str(SCRIPT)]
    assert "environment" not in listed[0]

    file = server.data_dir / "scripts" / f"{listed[0]['id']}.json"
    file.chmod(0o666)  # another account may have written it
    refused = server.client.post("/api/runs", json={"script": listed[0]["id"]})
    assert refused.status_code == 422


def test_a_script_that_fails_before_it_is_attached_says_why(
    server: LiveServer, tmp_path: Path
) -> None:
    for text, reason in (
        ("raise ValueError('no data')", "ValueError: no data"),
        ("print('done')", "The script ended without calling babysit.attach."),
    ):
        script = tmp_path / "broken.py"
        script.write_text(text)
        ident = register(server.data_dir, script_spec(script, [], supervised=True))
        run_id = server.client.post("/api/runs", json={"script": ident}).json()["id"]
        run = over(server, run_id)
        assert (run["status"], run["reason"]) == ("failed", reason)


def test_babysit_run_follows_the_output_and_exits_as_the_script_does(
    server: LiveServer, tmp_path: Path
) -> None:
    script, scale = tmp_path / "short one.py", tmp_path / "scale"
    scale.write_text("1.0")
    script.write_text(
        "import sys, torch, babysit\n"
        "net = torch.nn.Linear(1, 1)\n"
        "opt = torch.optim.SGD(net.parameters(), lr=0.1)\n"
        "run = babysit.attach('short', model=net, optimizer=opt)\n"
        "for step in run.steps(5):\n"
        "    loss = net(torch.ones(1, 1)).sum()\n"
        "    loss = loss if step < 3 else loss * float(open('scale').read())\n"
        "    opt.zero_grad(); loss.backward(); opt.step(); run.log(loss=loss)\n"
        "print('arguments', sys.argv[1:])\n"
        "sys.exit(3)\n"
    )
    began_s = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-m", "app.cli", "run", "--name", "five", script.name, "--lr", "x y"],
        env=environment(server),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 3, ran
    assert ran.stdout == "arguments ['--lr', 'x y']\n"
    run = server.client.get("/api/runs").json()["runs"][0]
    assert (run["name"], run["status"], run["reason"]) == ("five", "failed", "exit code 3")
    assert time.monotonic() - began_s < 60

    again = replayed(server, run["id"])
    assert (again["replayed"]["equal"], again["replayed"]["step"]) == (True, 5)
    scale.write_text("2.0")  # what no hash covers
    found = replayed(server, run["id"])["replayed"]
    assert (found["equal"], found["first_step"], found["quantity"]) == (False, 4, "train/loss")
    assert found["found"] == 2 * found["recorded"]
    other = replayed(server, run["id"], seed=5)
    assert (other["seed"], other["replayed"]) == (5, None)

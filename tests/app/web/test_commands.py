"""Commands: sent is not done, each is answered once, and what is not allowed says what is."""

from __future__ import annotations

import concurrent.futures
import time
import uuid
from typing import Any

import pytest

from tests.live_server import LiveServer

COMMANDS: dict[str, dict[str, Any]] = {
    "set": {"values": {"learning_rate": 0.02}},
    "pause": {},
    "resume": {},
    "stop": {},
    "save_checkpoint": {},
    "evaluate": {},
    "extend": {"steps": 10},
    "cancel": {"command_id": 1},
}


def send(server: LiveServer, run_id: int, kind: str, **asked: Any) -> Any:
    path = f"/api/runs/{run_id}/commands"
    return server.client.post(path, json={"kind": kind, **COMMANDS[kind], **asked})


def test_a_change_is_answered_with_its_step_and_what_was_read_back(
    shared: LiveServer, running: dict[str, Any]
) -> None:
    answer = shared.command(running["id"], "set", values={"learning_rate": 0.02}, note="it crawls")

    assert (answer["status"], answer["before"], answer["after"]) == (
        "applied",
        {"learning_rate": running["values"]["learning_rate"]},
        {"learning_rate": 0.02},
    )
    assert answer["undo_values"] == answer["before"]
    run = shared.run(running["id"])
    assert run["values"]["learning_rate"] == 0.02
    assert run["initial_values"] == running["values"]
    event = shared.events(running["id"], "changed")[-1]
    assert (event["actor"], event["note"]) == ("owner", "it crawls")
    assert event["command_id"] == answer["command_id"]
    assert event["step"] == answer["step"]


def test_pause_holds_the_step_until_resume(shared: LiveServer, running: dict[str, Any]) -> None:
    run_id = running["id"]
    shared.command(run_id, "pause")
    paused = shared.wait_for_status(run_id, "paused")
    assert paused["reason"] == "user"
    assert send(shared, run_id, "pause").json() == {"command_id": None, "status": "no_op"}
    assert send(shared, run_id, "pause").status_code == 200

    changed = shared.command(run_id, "set", values={"learning_rate": 0.5})
    assert changed["status"] == "applied"
    assert shared.run(run_id)["step"] == paused["step"] == changed["step"]

    shared.command(run_id, "resume")
    shared.wait_for_step(run_id, paused["step"] + 5)
    assert send(shared, run_id, "resume").status_code == 200


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_run_that_is_over_takes_no_command(
    shared: LiveServer, ended: dict[str, Any], kind: str
) -> None:
    answer = send(shared, ended["id"], kind)

    assert answer.status_code == 409
    body = answer.json()
    assert (body["error"], body["state"]) == ("not_allowed_now", "finished")
    assert body["allowed"] == ["fork"] == ended["allowed"]


def test_what_is_not_allowed_in_a_state_says_what_is(
    shared: LiveServer, running: dict[str, Any]
) -> None:
    run_id = running["id"]
    assert set(running["allowed"]) >= {"set", "pause", "stop", "extend", "evaluate"}
    assert "resume" not in running["allowed"]
    shared.command(run_id, "pause")
    assert "resume" in shared.wait_for_status(run_id, "paused")["allowed"]

    stopped = send(shared, run_id, "stop")

    assert stopped.status_code == 202
    shared.wait_for_status(run_id, "stopped")
    assert send(shared, run_id, "stop").status_code == 409


def test_a_second_stop_is_nothing_new_and_the_rest_comes_too_late(narrow: LiveServer) -> None:
    """With one place, the second run waits: its state does not move under the test."""
    first = narrow.start_run("spirals", steps=100_000, max_steps_per_s=100)
    queued = narrow.start_run("spirals", steps=100)
    assert queued["status"] == "queued"
    for kind in ("resume", "save_checkpoint", "evaluate"):
        refused = send(narrow, queued["id"], kind)
        assert (refused.status_code, refused.json()["state"]) == (409, "queued")

    waiting = send(narrow, queued["id"], "set").json()["command_id"]
    assert send(narrow, queued["id"], "pause").status_code == 202
    assert send(narrow, queued["id"], "pause").status_code == 200  # it will be paused
    assert "resume" in narrow.run(queued["id"])["allowed"]
    assert send(narrow, queued["id"], "resume").status_code == 202
    stop = narrow.command(queued["id"], "stop")

    assert stop["status"] == "applied"
    assert narrow.run(queued["id"])["status"] == "stopped"
    left = narrow.client.get(f"/api/runs/{queued['id']}/commands/{waiting}").json()
    assert left["status"] == "refused"
    assert narrow.run(first["id"])["status"] in ("starting", "running")


def test_commands_sent_before_the_start_act_at_step_0(narrow: LiveServer) -> None:
    first = narrow.start_run("spirals", steps=100_000, max_steps_per_s=100)
    queued = narrow.start_run("spirals", steps=30)
    sent = send(narrow, queued["id"], "set", values={"learning_rate": 0.25}).json()

    send(narrow, first["id"], "stop")
    narrow.wait_for_status(queued["id"], "finished")

    answer = narrow.client.get(f"/api/runs/{queued['id']}/commands/{sent['command_id']}")
    assert (answer.json()["status"], answer.json()["step"]) == ("applied", 0)
    curve = narrow.client.get(f"/api/runs/{queued['id']}/curves?series=learning_rate").json()
    assert set(curve["series"]["learning_rate"]["value"]) == {0.25}


def test_a_scheduled_change_waits_is_shown_and_can_be_cancelled(
    shared: LiveServer, running: dict[str, Any]
) -> None:
    run_id, far = running["id"], running["step"] + 50_000
    shared.wait_for_step(run_id, 1)  # until then step 0 is not yet past
    past = send(shared, run_id, "set", at_step=0)
    assert (past.status_code, past.json()["field"]) == (422, "at_step")

    sent = send(shared, run_id, "set", at_step=far).json()["command_id"]
    pending = [item for item in shared.run(run_id)["pending"] if item["command_id"] == sent]
    assert [(item["at_step"], item["values"]) for item in pending] == [
        (far, {"learning_rate": 0.02})
    ]
    assert shared.command(run_id, "cancel", command_id=sent)["status"] == "applied"

    answer = shared.client.get(f"/api/runs/{run_id}/commands/{sent}").json()
    assert answer["status"] == "refused"
    assert shared.run(run_id)["pending"] == []
    again = send(shared, run_id, "cancel", command_id=sent)
    assert (again.status_code, again.json()["field"]) == (422, "command_id")


def test_a_fork_only_value_cannot_change_in_a_running_network(
    shared: LiveServer, running: dict[str, Any]
) -> None:
    answer = send(shared, running["id"], "set", values={"hidden_units": 8})

    assert (answer.status_code, answer.json()["field"]) == (422, "values.hidden_units")
    assert "fork" in answer.json()["message"].lower()


def test_extend_moves_the_last_step(shared: LiveServer, running: dict[str, Any]) -> None:
    shared.command(running["id"], "extend", steps=17)

    assert shared.run(running["id"])["steps"] == running["steps"] + 17


def test_waiting_for_an_answer_ends_with_it_or_with_the_time(
    shared: LiveServer, running: dict[str, Any]
) -> None:
    run_id = running["id"]
    sent = send(shared, run_id, "set", at_step=running["step"] + 50_000).json()["command_id"]

    began_s = time.monotonic()
    answer = shared.client.get(f"/api/runs/{run_id}/commands/{sent}?wait_s=0.5").json()

    assert answer["status"] == "pending"
    assert 0.4 < time.monotonic() - began_s < 5


def test_eighty_waiting_requests_hold_no_thread(
    shared: LiveServer, running: dict[str, Any]
) -> None:
    run_id = running["id"]
    sent = send(shared, run_id, "set", at_step=running["step"] + 50_000).json()["command_id"]
    path = f"/api/runs/{run_id}/commands/{sent}?wait_s=20"
    with concurrent.futures.ThreadPoolExecutor(80) as pool:
        waiting = [pool.submit(shared.client.get, path) for _ in range(80)]
        began_s = time.monotonic()
        assert shared.client.get(f"/api/runs/{run_id}").status_code == 200
        assert time.monotonic() - began_s < 3
        shared.command(run_id, "cancel", command_id=sent)
        answers = {item.result().json()["status"] for item in waiting}

    assert answers == {"refused"}


# ---- once ---------------------------------------------------------------------------------------


def test_a_key_makes_a_post_happen_once(shared: LiveServer, running: dict[str, Any]) -> None:
    path, key = f"/api/runs/{running['id']}/commands", uuid.uuid4().hex
    body = {"kind": "extend", "steps": 5}
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        answers = [
            pool.submit(shared.client.post, path, json=body, headers={"Idempotency-Key": key})
            for _ in range(20)
        ]
        results = {(item.result().status_code, item.result().text) for item in answers}

    assert len(results) == 1
    assert next(iter(results))[0] == 202
    sent = [event["command"] for event in shared.events(running["id"], "command_sent")]
    assert [command["kind"] for command in sent].count("extend") == 1


def test_a_key_belongs_to_one_request(shared: LiveServer, running: dict[str, Any]) -> None:
    path, headers = f"/api/runs/{running['id']}/notes", {"Idempotency-Key": uuid.uuid4().hex}
    first = shared.client.post(path, json={"text": "one"}, headers=headers)
    again = shared.client.post(path, json={"text": "one"}, headers=headers)
    other = shared.client.post(path, json={"text": "two"}, headers=headers)

    assert (first.status_code, again.json()) == (201, first.json())
    assert (other.status_code, other.json()["field"]) == (422, "Idempotency-Key")


def test_a_refused_request_leaves_its_key_unused(shared: LiveServer, ended: dict[str, Any]) -> None:
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    for _ in range(2):
        path = f"/api/runs/{ended['id']}/commands"
        answer = shared.client.post(path, json={"kind": "pause"}, headers=headers)
        assert answer.status_code == 409


def test_an_older_answer_is_given_after_a_restart(serve: Any, data_dir: Any) -> None:
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    body = {"task": "spirals", "steps": 5}
    with serve(data_dir, "--no-demo") as server:
        first = server.client.post("/api/runs", json=body, headers=headers).json()
        server.kill()
    with serve(data_dir, "--no-demo") as server:
        again = server.client.post("/api/runs", json=body, headers=headers)
        assert (again.status_code, again.json()["id"]) == (201, first["id"])
        assert len(server.client.get("/api/runs").json()["runs"]) == 1

"""What is refused says which field it was; tests/hostile/ tries every field of every route."""

from __future__ import annotations

from typing import Any

import pytest

from tests.live_server import LiveServer


@pytest.mark.parametrize(
    "number",
    ["0", "abc", "%00", str(2**63)],
)
def test_ids_that_are_none_are_unknown(shared: LiveServer, number: str) -> None:
    for path in (
        f"/api/runs/{number}",
        f"/api/runs/{number}/events",
        f"/api/runs/{number}/curves",
        f"/api/runs/{number}/checkpoints",
        f"/api/runs/{number}/family",
        f"/api/runs/{number}/picture",
        f"/api/runs/{number}/log",
        f"/api/runs/{number}/export?format=csv",
        f"/api/runs/{number}/commands/1",
    ):
        answer = shared.client.get(path)
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found"), path
    for path, body in (
        (f"/api/runs/{number}/commands", {"kind": "pause"}),
        (f"/api/runs/{number}/notes", {"text": "t"}),
        (f"/api/checkpoints/{number}/fork", {}),
    ):
        assert shared.client.post(path, json=body).status_code == 404, path
    assert shared.client.patch(f"/api/runs/{number}", json={"name": "x"}).status_code == 404
    answer = shared.client.patch(f"/api/checkpoints/{number}", json={"pinned": True})
    assert answer.status_code == 404
    kind = {"Content-Type": "application/json"}
    assert shared.client.delete(f"/api/runs/{number}", headers=kind).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=x",
        "before=-1",
        f"before={2**70}",
        "before=" + "9" * 4000,
        "status=flying",
        "trashed=perhaps",
        "family_id=0",
        "task=" + "x" * 300,
    ],
)
def test_questions_out_of_bounds_are_invalid(shared: LiveServer, query: str) -> None:
    answer = shared.client.get(f"/api/runs?{query}")

    assert answer.status_code == 422
    assert answer.json()["field"] == query.partition("=")[0]


@pytest.mark.parametrize("text", ["%00", "%ff%fe", "%ed%a0%80", "!%25_", "'\";--", "\u202e"])
def test_any_text_can_be_searched_for(shared: LiveServer, text: str) -> None:
    unnamed = f"{text}nobody calls a run this"  # others use the server, and name runs strangely

    assert shared.client.get(f"/api/runs?search={unnamed}").json()["runs"] == []


def test_values_say_which_field_and_what_would_be_right(shared: LiveServer) -> None:
    def refused(values: dict[str, Any]) -> dict[str, Any]:
        answer = shared.client.post("/api/runs", json={"task": "spirals", "values": values})
        assert answer.status_code == 422, answer.text
        body: dict[str, Any] = answer.json()
        return body

    too_high = refused({"learning_rate": 11.0})
    assert (too_high["field"], too_high["allowed"]) == ("values.learning_rate", [0.0, 10.0])
    assert "10" in too_high["message"]
    assert refused({"momentum": 1.0})["field"] == "values.momentum"
    assert refused({"batch_size": 1.5})["field"] == "values.batch_size"
    assert refused({"batch_size": True})["field"] == "values.batch_size"
    assert refused({"learning_rate": "0.1"})["field"] == "values.learning_rate"
    assert refused({"learning_rate": None})["field"] == "values.learning_rate"
    assert "adamw" in refused({"optimizer": "sgdd"})["allowed"]
    assert "learning_rate" in refused({"learning_rat": 0.1})["allowed"]
    unknown = shared.client.post("/api/runs", json={"task": "spiral"})
    assert (unknown.status_code, unknown.json()["field"]) == (422, "task")
    assert "spirals" in unknown.json()["allowed"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "kind"),
        ({"kind": "explode"}, "kind"),
        ({"kind": "set"}, "values"),
        ({"kind": "extend"}, "steps"),
        ({"kind": "extend", "steps": 0}, "steps"),
        ({"kind": "extend", "steps": "9"}, "steps"),
        ({"kind": "set", "values": {"learning_rate": 0.1}, "at_step": -1}, "at_step"),
        ({"kind": "set", "values": {"learning_rate": 0.1}, "over_steps": 0}, "over_steps"),
        ({"kind": "pause", "reason": "guard"}, "reason"),
    ],
)
def test_commands_say_which_field_is_wrong(
    shared: LiveServer, ended: dict[str, Any], body: dict[str, Any], field: str
) -> None:
    answer = shared.client.post(f"/api/runs/{ended['id']}/commands", json=body)

    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.parametrize("body", [{"live": 1}, {"live": 1.0}, {"trashed": 0}, {"live": False}])
def test_a_number_is_no_truth_value(
    shared: LiveServer, ended: dict[str, Any], body: dict[str, Any]
) -> None:
    answer = shared.client.patch(f"/api/runs/{ended['id']}", json=body)

    assert (answer.status_code, answer.json()["field"]) == (422, next(iter(body)))


def test_a_number_where_a_truth_value_belongs_is_not_repeated(
    shared: LiveServer, ended: dict[str, Any]
) -> None:
    answer = shared.client.patch(f"/api/runs/{ended['id']}", json={"live": 8765432101234})

    assert answer.status_code == 422
    assert "8765432101234" not in answer.text


def test_a_method_that_is_none_is_told_which_there_are(shared: LiveServer) -> None:
    kind = {"Content-Type": "application/json"}
    for path, methods in {
        "/api/runs": "GET, POST",
        "/api/runs/1": "DELETE, GET, PATCH",
        "/api/session": "DELETE, GET, POST",
        "/api/searches/preview": "POST",
        "/": "GET, HEAD",
    }.items():
        answer = shared.client.request("PUT", path, headers=kind)
        assert (answer.status_code, answer.headers["allow"]) == (405, methods), path


def test_an_address_or_method_that_is_none_is_told_in_the_same_form(shared: LiveServer) -> None:
    nowhere = shared.client.get("/api/nowhere")
    wrong = shared.client.put("/api/runs", json={})

    assert (nowhere.status_code, nowhere.json()["error"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["error"]) == (405, "method_not_allowed")

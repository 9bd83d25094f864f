"""What cannot be asked of a search is refused in the one form, and each limit at its edge."""

from __future__ import annotations

from typing import Any

import pytest

from app import limits
from tests.app.small_searches import SPACE, read, search, wait_for
from tests.app.web.test_limits import around, refused_field
from tests.live_server import LiveServer

RATE = {"learning_rate": {"scale": "log10", "low": 1e-3, "high": 1.0}}
UNKNOWN = {"task": "no-such-task", "space": RATE, "strategy": "random", "trials": 1}
GOOD = {"task": "spirals", "space": RATE, "strategy": "random", "trials": 2, "steps": 20}


@pytest.fixture(scope="module")
def done(shared: LiveServer) -> dict[str, Any]:
    return wait_for(shared, search(shared, trials=2, steps=20)["id"])


@pytest.mark.parametrize("path", ["/api/searches", "/api/searches/preview"])
@pytest.mark.parametrize(
    ("field", "limit"),
    [
        ("trials", limits.TRIALS_MAX),
        ("parallel", limits.PARALLEL_MAX),
        ("rounds", limits.ROUNDS_MAX),
        ("steps", limits.STEPS_MAX),
        ("keep", limits.TRIALS_MAX),
        ("widen", limits.WIDEN_MAX),
    ],
)
def test_numbers_of_a_search(shared: LiveServer, path: str, field: str, limit: float) -> None:
    allowed, refused = around(int(limit))
    for size in [*allowed, *refused, 0]:
        answer = shared.client.post(path, json={**UNKNOWN, field: size})
        assert refused_field(answer) == ("task" if size in allowed else field), size


def test_rows_of_a_space_and_seeds(shared: LiveServer, done: dict[str, Any]) -> None:
    for size in (limits.VALUES_MAX, limits.VALUES_MAX + 1):
        space = {f"v{number}": {"fixed": 1} for number in range(size)}
        answer = shared.client.post("/api/searches", json={**UNKNOWN, "space": space})
        assert refused_field(answer) == ("task" if size <= limits.VALUES_MAX else "space")
    _, refused = around(limits.SEEDS_MAX)
    for size in [*refused, 0]:
        answer = shared.client.post(f"/api/searches/{done['id']}/repeat", json={"seeds": size})
        assert refused_field(answer) == "seeds"
    allowed, refused = around(limits.TRIAL_POINTS_MAX)
    for size in allowed + refused:
        answer = shared.client.get(f"/api/searches/{done['id']}/curves", params={"points": size})
        assert answer.status_code == (422 if size in refused else 200)
    allowed, refused = around(limits.PAGE_MAX)
    for size in allowed + refused:
        answer = shared.client.get("/api/searches", params={"limit": size})
        assert answer.status_code == (422 if size in refused else 200)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"space": {}}, "space"),
        ({"space": {"no_such": {"fixed": 1}}}, "space.no_such"),
        ({"space": {"learning_rate": {"low": 1, "high": 0.1}}}, "space.learning_rate"),
        ({"space": {"learning_rate": {"low": 0.1, "high": 11}}}, "space.learning_rate"),
        ({"space": {"learning_rate": {"scale": "log3", "low": 0.1, "high": 1}}},
         "space.learning_rate"),
        ({"space": {"learning_rate": 3}}, "space.learning_rate"),
        ({"space": {"learning_rate": {"fixed": 0.1}}}, "space"),
        ({"strategy": "guessing"}, "strategy"),
        ({"points": {"momentum": 3}}, "points.momentum"),
        ({"stop_early": "never"}, "stop_early"),
        ({"name": "  "}, "name"),
        ({"seed": -1}, "seed"),
        ({"surprise": 1}, "surprise"),
        ({"strategy": "grid", "trials": 4}, "trials"),
        ({"trials": None}, "trials"),
        ({"strategy": "grid", "trials": None, "points": {"learning_rate": 1000},
          "space": {**RATE, "layers": {"values": [1, 2]}}}, "points"),
        ({"space": {"learning_rate": {"scale": "minus_log10_one_minus", "low": 0.5, "high": 1}}},
         "space.learning_rate"),
    ],
)  # fmt: skip
def test_what_makes_no_search_is_named(
    shared: LiveServer, changed: dict[str, Any], field: str
) -> None:
    before = len(shared.client.get("/api/searches?limit=5000").json()["searches"])

    answer = shared.client.post("/api/searches", json={**GOOD, **changed})

    assert refused_field(answer) == field, answer.text
    assert answer.json()["message"]
    assert len(shared.client.get("/api/searches?limit=5000").json()["searches"]) == before


def test_a_grid_with_more_cells_than_trials_says_how_many(shared: LiveServer) -> None:
    asked = {**GOOD, "strategy": "grid", "space": SPACE, "trials": 100}
    refused = shared.client.post("/api/searches", json=asked)
    previewed = shared.client.post("/api/searches/preview", json=asked)

    assert refused_field(refused) == "trials"
    assert refused.json()["allowed"] == [previewed.json()["grid_cells"]] == [125]
    assert "125 cells" in refused.json()["message"]


def test_a_grid_has_as_many_trials_as_cells(shared: LiveServer) -> None:
    asked = {**GOOD, "strategy": "grid", "points": {"learning_rate": 3}, "parallel": 1}
    del asked["trials"]

    previewed = shared.client.post("/api/searches/preview", json=asked)
    started = shared.client.post("/api/searches", json=asked)

    assert previewed.json()["warnings"] == []
    assert started.status_code == 201, started.text
    assert started.json()["trials_wanted"] == previewed.json()["grid_cells"] == 3


@pytest.mark.parametrize("path", ["", "/curves", "/importance"])
@pytest.mark.parametrize("search_id", ["0", "99999", str(2**60)])
def test_a_search_that_is_not_there_is_not_found(
    shared: LiveServer, search_id: str, path: str
) -> None:
    answer = shared.client.get(f"/api/searches/{search_id}{path}")

    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


def test_a_search_that_is_not_there_can_be_asked_nothing(shared: LiveServer) -> None:
    for path, body in (
        ("commands", {"kind": "pause"}),
        ("refine", {}),
        ("repeat", {}),
    ):
        answer = shared.client.post(f"/api/searches/99999/{path}", json=body)
        assert answer.status_code == 404, path
    assert (
        shared.client.post("/api/runs/99999/promote", json={"from": "scratch"}).status_code == 404
    )


def test_an_ordinary_run_is_not_promoted(shared: LiveServer, ended: dict[str, Any]) -> None:
    answer = shared.client.post(f"/api/runs/{ended['id']}/promote", json={"from": "scratch"})

    assert (answer.status_code, answer.json()["state"]) == (409, "ordinary")


def test_a_search_that_is_sent_again_with_its_key_is_the_same(shared: LiveServer) -> None:
    headers = {"Idempotency-Key": "one search"}

    first, second = (
        shared.client.post("/api/searches", json=GOOD, headers=headers).json() for _ in range(2)
    )

    assert first == second
    wait_for(shared, first["id"])
    repeated = [
        shared.client.post(
            f"/api/searches/{first['id']}/repeat",
            json={"seeds": 1},
            headers={"Idempotency-Key": "r"},
        ).json()
        for _ in range(2)
    ]
    assert repeated[0] == repeated[1]
    assert len(wait_for(shared, first["id"], trials=3)["trials"]) == 3


def test_nothing_is_refined_or_repeated_before_a_trial_has_finished(shared: LiveServer) -> None:
    made = search(shared, steps=100_000, trials=1)

    refined = shared.client.post(f"/api/searches/{made['id']}/refine", json={})
    repeated = shared.client.post(f"/api/searches/{made['id']}/repeat", json={})
    foreign = shared.client.post(f"/api/searches/{made['id']}/repeat", json={"run_id": 999_999})

    assert refined.status_code == 409
    assert refused_field(repeated) == refused_field(foreign) == "run_id"
    shared.client.post(f"/api/searches/{made['id']}/commands", json={"kind": "stop"})
    assert wait_for(shared, made["id"], "stopped")["best_run_id"] is None


def test_a_preview_starts_nothing_and_says_what_it_would_take(
    shared: LiveServer, done: dict[str, Any]
) -> None:
    before = len(shared.client.get("/api/searches?limit=5000").json()["searches"])
    rate = {"learning_rate": {"scale": "linear", "low": 1e-4, "high": 1.0}}

    answer = shared.client.post(
        "/api/searches/preview", json={**GOOD, "space": {**SPACE, **rate}, "trials": 24}
    )

    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert {name: len(values) for name, values in found["draws"].items()} == dict.fromkeys(
        SPACE, 50
    )
    assert "90 %" in found["warnings"][0]["message"]
    assert found["estimate"]["one_run_s"] > 0
    assert found["estimate"]["total_s"] > found["estimate"]["one_run_s"]
    assert found["advice"]["choose"] in ("panda", "caviar")
    assert found["teaching"]["distinct"] == {"grid": 5, "random": 25}
    assert len(shared.client.get("/api/searches?limit=5000").json()["searches"]) == before


def test_an_estimate_counts_what_a_run_takes_beside_its_steps(
    shared: LiveServer, done: dict[str, Any]
) -> None:
    def estimated(steps: int) -> float:
        asked = {**GOOD, "steps": steps, "trials": 24}
        answer = shared.client.post("/api/searches/preview", json=asked)
        seconds: float = answer.json()["estimate"]["one_run_s"]
        return seconds

    assert estimated(1) > 0.02  # a step takes a thousandth; the worker's start and end take more
    assert estimated(100_000) > 2 * estimated(1)


def test_importance_says_why_it_is_empty(shared: LiveServer, done: dict[str, Any]) -> None:
    few = shared.client.get(f"/api/searches/{done['id']}/importance").json()
    enough = wait_for(shared, search(shared, trials=10, steps=20)["id"])
    found = shared.client.get(f"/api/searches/{enough['id']}/importance").json()

    assert few["importance"] == {}
    assert "2 are there" in few["message"]
    assert found["importance"].keys() == SPACE.keys()
    assert sum(found["importance"].values()) == pytest.approx(1)


def test_searches_are_listed_newest_first_and_in_pages(
    shared: LiveServer, done: dict[str, Any]
) -> None:
    newest = wait_for(shared, search(shared, trials=1, steps=20)["id"])
    page = shared.client.get("/api/searches?limit=1").json()
    older = shared.client.get(f"/api/searches?limit=4999&before={page['next']}").json()

    ids = [found["id"] for found in page["searches"] + older["searches"]]
    assert ids == sorted(ids, reverse=True)
    assert ids[0] == newest["id"]
    assert done["id"] in ids
    assert older["next"] is None
    assert "trials" not in page["searches"][0]
    summary = {name: value for name, value in read(shared, done["id"]).items() if name != "trials"}
    assert summary in page["searches"] + older["searches"]

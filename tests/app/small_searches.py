"""Searches for tests: small ones, started and waited for."""

from __future__ import annotations

from typing import Any

from tests.live_server import LiveServer

SPACE = {
    "learning_rate": {"scale": "log10", "low": 1e-3, "high": 1.0},
    "momentum": {"scale": "minus_log10_one_minus", "low": 0.5, "high": 0.99},
    "hidden_units": {"scale": "log2", "low": 4, "high": 32},
}


def search(server: LiveServer, **asked: Any) -> dict[str, Any]:
    """A new search of spirals; 6 random trials of 30 steps, two at once, unless told otherwise."""
    body = {
        "task": "spirals",
        "space": SPACE,
        "strategy": "random",
        "trials": 6,
        "steps": 30,
        "parallel": 2,
        "seed": 3,
    }
    answer = server.client.post("/api/searches", json=body | asked)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def read(server: LiveServer, search_id: int) -> dict[str, Any]:
    answer = server.client.get(f"/api/searches/{search_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def wait_for(
    server: LiveServer, search_id: int, *statuses: str, trials: int = 0, timeout_s: float = 60.0
) -> dict[str, Any]:
    """The search, once it has one of these statuses (finished unless named) and so many trials."""

    def look() -> dict[str, Any] | None:
        found = read(server, search_id)
        is_so = found["status"] in (statuses or ("finished",))
        return found if is_so and len(found["trials"]) >= trials else None

    return server.wait_until(look, f"search {search_id} is {statuses or 'finished'}", timeout_s)


def wait_for_trial(server: LiveServer, search_id: int, number: int = 1) -> dict[str, Any]:
    """A trial, once it makes steps."""

    def look() -> dict[str, Any] | None:
        trials = read(server, search_id)["trials"]
        found = next((trial for trial in trials if trial["number"] == number), None)
        return found if found and found["step"] > 0 else None

    return server.wait_until(look, f"trial {number} of search {search_id} makes steps")


def command(server: LiveServer, search_id: int, kind: str) -> None:
    answer = server.client.post(f"/api/searches/{search_id}/commands", json={"kind": kind})
    assert answer.is_success, answer.text


def drawn(found: dict[str, Any]) -> list[dict[str, Any]]:
    """What was drawn, in its order."""
    return [
        {name: trial[name] for name in ("number", "round", "values", "seed", "repeat_of")}
        for trial in found["trials"]
    ]

"""What follows a crash: a server takes up what was cut off and brings it to its end."""

from __future__ import annotations

from typing import Any

from tests.compatibility.history import PAUSED, RUNNING, get, post, wait_for_search
from tests.live_server import LiveServer

RECOVERED_WITHIN_S = 60.0  # the server imports torch first


def resume_all(server: LiveServer, runs: dict[str, int], search: dict[str, Any]) -> None:
    """Wait for the run that was running; let the paused run and the paused search go on.

    search: its id, and the runs of its trials that the crash found paused.
    """
    wait_until_paused_again(server, runs[PAUSED], "user")
    for run_id in search["paused"]:
        wait_until_paused_again(server, run_id, "search")
    post(server, f"searches/{search['id']}/commands", kind="resume")
    assert server.command(runs[PAUSED], "resume")["status"] == "applied"
    for run_id in (runs[PAUSED], runs[RUNNING]):
        server.wait_for_status(run_id, "finished")
    wait_for_search(server, search["id"])


def wait_until_paused_again(server: LiveServer, run_id: int, reason: str) -> None:
    """Return when another worker has taken a run up and holds it as the one before did."""
    server.wait_until(
        lambda: server.events(run_id, "recovered"), f"run {run_id} is taken up", RECOVERED_WITHIN_S
    )
    assert server.wait_for_status(run_id, "paused")["reason"] == reason


def trials_of(server: LiveServer, search_id: int) -> dict[str, Any]:
    """What a search has drawn, and what came of each trial, in their order."""
    trials = get(server, f"searches/{search_id}")["trials"]
    drawn = ("number", "round", "values", "seed", "steps")
    return {
        "drawn": [{name: trial[name] for name in drawn} for trial in trials],
        "val_costs": [float(trial["val_cost"]).hex() for trial in trials],
    }

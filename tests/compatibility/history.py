"""The history that is recorded in a data directory: settled runs, then runs cut off by a crash.

Only the command line, HTTP and signals are used, so that any version can be asked for the same.
"""

from __future__ import annotations

import os
import signal
from typing import Any

from tests.app.waiting import eventually
from tests.live_server import LiveServer, end_marked

PARALLEL = "2"  # of BABYSIT_PARALLEL: how many runs train at once decides what waits
SPACE = {
    "learning_rate": {"scale": "log10", "low": 1e-3, "high": 1.0},
    "momentum": {"scale": "minus_log10_one_minus", "low": 0.5, "high": 0.99},
    "hidden_units": {"scale": "log2", "low": 4, "high": 8},
}
JSON = {"Content-Type": "application/json"}  # of a request without a body, too
SEARCH: dict[str, Any] = {"task": "spirals", "space": SPACE, "steps": 20, "seed": 3}
SMALL = {"hidden_units": 8}
KEY = "a key of the request for the trashed run"
FOR_THE_TRASH: dict[str, Any] = {
    "task": "diabetes",
    "steps": 20,
    "values": SMALL,
    "name": "for the trash",
}

# The two runs that a crash cuts off: one makes steps, the other one is paused.
RUNNING, PAUSED = "running", "paused"
ASKED: dict[str, dict[str, Any]] = {
    RUNNING: {
        "task": "spirals",
        "name": "cut off while it ran",
        "values": {**SMALL, "optimizer": "adam", "dropout": 0.1},
        "steps": 700,
        "seed": 11,
        "max_steps_per_s": 150,
    },
    PAUSED: {
        "task": "digits",
        "name": "cut off in a pause",
        "values": {**SMALL, "dropout": 0.2},
        "steps": 160,
        "seed": 12,
        "max_steps_per_s": 100,
    },
}
# Asked for at once and made at their steps, however fast a machine is. The last two of the running
# one come after the crash.
SCHEDULED: dict[str, list[dict[str, Any]]] = {
    RUNNING: [
        {"values": {"beta1": 0.7}, "at_step": 100, "over_steps": 40, "note": "calmer"},
        {"values": {"learning_rate": 0.002}, "at_step": 560, "over_steps": 60},
        {"values": {"batch_size": 17}, "at_step": 610},
    ],
    PAUSED: [{"values": {"momentum": 0.8}, "at_step": 120}],
}
BY_HAND = {"weight_decay": 0.01, "grad_clip": 0.5}  # of the running one; a checkpoint comes before
BY_HAND_FROM = 260  # the step after which it is asked for
AHEAD_BYTES = 1_000  # that the worker writes after the server is gone


# ---- requests ---------------------------------------------------------------------------------


def post(server: LiveServer, path: str, key: str | None = None, **body: Any) -> Any:
    """key: the request may be sent again with it, and is answered as the first time."""
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = server.client.post(f"/api/{path}", json=body, headers=headers)
    assert answer.is_success, answer.text
    return answer.json()


def patch(server: LiveServer, path: str, **body: Any) -> None:
    answer = server.client.patch(f"/api/{path}", json=body)
    assert answer.is_success, answer.text


def get(server: LiveServer, path: str) -> Any:
    answer = server.client.get(f"/api/{path}")
    assert answer.is_success, answer.text
    return answer.json()


def recipe_of(server: LiveServer, run_id: int) -> str:
    answer = server.client.get(f"/api/runs/{run_id}/export", params={"format": "recipe"})
    assert answer.is_success, answer.text
    return answer.text


def wait_for_search(server: LiveServer, search_id: int, status: str = "finished") -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = get(server, f"searches/{search_id}")
        return found if found["status"] == status else None

    return server.wait_until(look, f"search {search_id} is {status}", 60)


# ---- what is settled before the crash ---------------------------------------------------------


def live_through(server: LiveServer) -> None:
    """Everything that people do with runs and searches; all of them are over at the end."""
    steered = steer(server)
    branch(server, steered)
    post(server, "replays", recipe=recipe_of(server, steered))
    lose_a_worker(server)
    diverge(server)
    plain = server.start_run("digits", steps=60, values=SMALL, seed=5, name="digits")["id"]
    trashed = post(server, "runs", key=KEY, **FOR_THE_TRASH)["id"]
    for run_id in (plain, trashed):
        server.wait_for_status(run_id, "finished")
    for run_id in (plain, trashed):
        gone = server.client.delete(f"/api/runs/{run_id}", headers=JSON)
        assert gone.is_success, gone.text
    patch(server, f"runs/{plain}", trashed=False)
    search(server)
    for run in get(server, "runs?limit=50")["runs"]:
        server.wait_for_status(run["id"], "finished", "stopped")


def steer(server: LiveServer) -> int:
    """A run with every kind of command, scheduled, gradual, withdrawn and undone."""
    asked = {"values": {**SMALL, "dropout": 0.1}, "seed": 3, "max_steps_per_s": 150}
    run_id = int(server.start_run("spirals", steps=280, name="a first name", **asked)["id"])
    server.wait_for_step(run_id, 10)
    server.command(run_id, "pause", note="to look at it")
    path = f"runs/{run_id}"
    withdrawn = post(server, f"{path}/commands", kind="set", values={"momentum": 0.5}, at_step=250)
    scheduled: list[dict[str, Any]] = [
        {"values": {"grad_clip": 0.7}, "at_step": 150},
        {"values": {"learning_rate": 0.01}, "at_step": 120, "over_steps": 50, "note": "ä → ö"},
    ]
    for change in scheduled:
        post(server, f"{path}/commands", kind="set", **change)
    server.command(run_id, "cancel", command_id=withdrawn["command_id"])
    server.command(run_id, "resume")
    server.wait_for_step(run_id, 40)
    changed = server.command(run_id, "set", values={"momentum": 0.95}, keep_step_size=True)
    server.command(run_id, "set", values={"batch_size": 17}, batch_now=True)
    post(server, f"{path}/notes", text="a plateau, I think")
    post(server, f"{path}/notes", text="why", command_id=changed["command_id"])
    server.command(run_id, "set", values={"learning_rate": 0.08}, over_steps=20)
    server.command(run_id, "set", values=changed["undo_values"], note="put back")
    server.command(run_id, "evaluate")
    server.command(run_id, "extend", steps=20)
    saved = server.command(run_id, "save_checkpoint")["after"]["checkpoint_id"]
    patch(server, f"checkpoints/{saved}", pinned=True)
    patch(server, path, name="a second name", note="what it is for")
    server.wait_for_status(run_id, "finished")
    return run_id


def branch(server: LiveServer, run_id: int) -> None:
    """A fork with another network, and a rewind that becomes the live branch of its family."""
    checkpoints = get(server, f"runs/{run_id}/checkpoints")
    saved = next(item for item in checkpoints if item["cause"] == "user")
    path = f"checkpoints/{saved['id']}/fork"
    values = {"hidden_units": 12, "learning_rate": 0.01}
    fork = post(server, path, values=values, steps=saved["step"] + 100, note="wider")
    server.wait_for_status(fork["id"], "finished")
    rewound = post(server, path, values={"learning_rate": 0.03}, rewind=True)
    patch(server, f"runs/{rewound['id']}", live=True)
    server.wait_for_status(rewound["id"], "finished")


def lose_a_worker(server: LiveServer) -> None:
    """A run whose worker is killed after a change, and that another one brings to its end."""
    asked = {"values": {**SMALL, "dropout": 0.1}, "steps": 300, "seed": 4, "max_steps_per_s": 150}
    run_id = int(server.start_run("spirals", name="worker killed", **asked)["id"])
    server.wait_for_step(run_id, 60)
    server.command(run_id, "set", values={"learning_rate": 0.02}, over_steps=100)
    server.wait_for_step(run_id, 110)
    os.kill(server.events(run_id, "worker_started")[-1]["pid"], signal.SIGKILL)
    server.wait_for_status(run_id, "finished")
    assert [event["verified"] for event in server.events(run_id, "recovered")] == [True]


def diverge(server: LiveServer) -> None:
    """A run whose cost is infinite, which pauses it; a change that is not reached is refused."""
    asked = {"values": {**SMALL, "learning_rate": 10.0}, "steps": 100, "seed": 6}
    run_id = int(server.start_run("diabetes", name="diverged", **asked)["id"])
    assert server.wait_for_status(run_id, "paused")["reason"] == "guard"
    post(server, f"runs/{run_id}/commands", kind="set", values={"momentum": 0.5}, at_step=90)
    server.command(run_id, "stop")
    server.wait_for_status(run_id, "stopped")


def search(server: LiveServer) -> None:
    """Searches that draw in several ways, are repeated, refined and promoted."""
    random = post(server, "searches", strategy="random", trials=2, name="at random", **SEARCH)["id"]
    best = wait_for_search(server, random)["best_run_id"]
    post(server, f"searches/{random}/repeat", seeds=1)
    wait_for_search(server, random)
    narrowed: dict[str, Any] = {"trials": 3, "rounds": 2, "keep": 1, "parallel": 2}
    coarse = post(server, "searches", strategy="coarse_to_fine", **narrowed, **SEARCH)["id"]
    wait_for_search(server, coarse)
    grid = {"learning_rate": {"values": [0.01, 10.0]}}  # the second one diverges
    asked: dict[str, Any] = {
        "task": "diabetes",
        "space": grid,
        "strategy": "grid",
        "trials": 2,
        "steps": 20,
    }
    wait_for_search(server, post(server, "searches", **asked)["id"])
    refined = post(server, f"searches/{random}/refine", trials=1)["id"]
    wait_for_search(server, refined)
    post(server, f"runs/{best}/promote", **{"from": "checkpoint"}, steps=40, name="promoted")


# ---- what the crash cuts off ------------------------------------------------------------------


def begin(server: LiveServer, which: str, scheduled: list[dict[str, Any]] | None = None) -> int:
    """Start one of the runs that the crash will cut off, with all that is scheduled for it."""
    run_id = int(server.start_run(**ASKED[which])["id"])
    for change in SCHEDULED[which] if scheduled is None else scheduled:
        post(server, f"runs/{run_id}/commands", kind="set", **change)
    return run_id


def bring_to_the_brink(server: LiveServer) -> tuple[dict[str, int], int]:
    """Both runs and a paused search where the crash is to find them; their ids."""
    search_id = pause_a_search(server)
    paused = begin(server, PAUSED)
    server.wait_for_step(paused, 50)
    assert server.command(paused, "pause")["step"] < SCHEDULED[PAUSED][0]["at_step"]
    running = begin(server, RUNNING)
    server.wait_for_step(running, BY_HAND_FROM)
    by_hand = server.command(running, "set", values=BY_HAND, note="by hand, before the crash")
    server.wait_until(
        lambda: (
            by_hand["command_id"] == get(server, f"runs/{running}/checkpoints")[-1]["command_id"]
        ),
        "the state before the change by hand is kept",
    )
    return {RUNNING: running, PAUSED: paused}, search_id


def pause_a_search(server: LiveServer) -> int:
    """A search that is paused before all its trials are drawn; their runs are paused with it."""
    asked = SEARCH | {"strategy": "random", "trials": 10, "parallel": 1, "seed": 8}
    search_id = int(post(server, "searches", name="paused", **asked)["id"])
    server.wait_until(lambda: get(server, f"searches/{search_id}")["trials"], "a trial is drawn")
    post(server, f"searches/{search_id}/commands", kind="pause")
    found = wait_for_search(server, search_id, "paused")
    assert 0 < len(found["trials"]) < asked["trials"]
    server.wait_until(
        lambda: not trials_with(server, search_id, "starting", "running"), "its trials are paused"
    )
    assert len(trials_with(server, search_id, "paused")) == asked["parallel"]
    return search_id


def trials_with(server: LiveServer, search_id: int, *statuses: str) -> list[int]:
    """The runs of a search's trials that have one of these statuses."""
    trials = get(server, f"searches/{search_id}")["trials"]
    return [trial["run_id"] for trial in trials if trial["status"] in statuses]


def crash(server: LiveServer, run_id: int) -> None:
    """Kill the server, let the worker get ahead of it, and kill everything else, too."""
    server.wait_for_step(run_id, server.run(run_id)["step"] + 20)
    journal = server.data_dir / "runs" / str(run_id) / "attempt-0001.journal"
    server.kill()
    known = journal.stat().st_size
    eventually(lambda: journal.stat().st_size > known + AHEAD_BYTES, f"{journal.name} grows", 10)
    end_marked(server.mark)

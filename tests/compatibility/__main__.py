"""Records a data directory of this version: `python -m tests.compatibility NAME`.

Every later version must open it. Never record one anew under an old name: that would only show
that a version understands itself.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from tests.compatibility import history
from tests.compatibility.answers import (
    Answers,
    computer,
    differences,
    ending,
    ids_in,
    read_answers,
    some,
)
from tests.compatibility.api import routes_and_keys
from tests.compatibility.formats import kinds_and_keys
from tests.compatibility.history import BY_HAND, PARALLEL, PAUSED, RUNNING, SCHEDULED, get
from tests.compatibility.recording import HERE, Recording, verified
from tests.compatibility.resumed import resume_all, trials_of
from tests.live_server import LiveServer, serving

FORKED_WITH: dict[str, dict[str, Any]] = {RUNNING: BY_HAND, PAUSED: {}}


def main() -> None:
    parser = argparse.ArgumentParser(description="Record a data directory of this version.")
    parser.add_argument("name", help="of the new folder here, like data_dir_0_1")
    name = parser.parse_args().name
    assert not (HERE / name).exists(), "what an earlier version left is never made anew"
    with tempfile.TemporaryDirectory(prefix="babysit-") as folder:
        recording = record(HERE / name, Path(folder))
        recording.write(Path(folder) / "var")
    sizes = {path.name: path.stat().st_size for path in recording.folder.iterdir()}
    sys.stdout.write(f"{recording.folder}: {sizes} bytes\n")


def record(folder: Path, root: Path) -> Recording:
    """Make the directory in `root / "var"`, and see in copies what comes of it."""
    data_dir = root / "var"
    with serving(data_dir, "--no-demo", BABYSIT_PARALLEL=PARALLEL) as server:
        history.live_through(server)
        settled = {name: ids_in(data_dir / name) for name in ("runs", "searches")}
        answers = read_answers(server, **settled)
        answers["api"] = routes_and_keys(get(server, "openapi.json"))
        version = get(server, "health")["version"]
        runs, search_id = history.bring_to_the_brink(server)
        interrupted = {which: cut_off(server, which, run_id) for which, run_id in runs.items()}
        paused_trials = history.trials_with(server, search_id, "paused")
        history.crash(server, runs[RUNNING])
    expected = {
        "version": version,
        "computer": computer(),
        "settled": settled,
        "counts": counts(answers),
        "interrupted": interrupted,
        "search": {"id": search_id, "paused": paused_trials},
        "verify": {"crashed": verified(data_dir)},
        "keys": kinds_and_keys(data_dir),
    }
    see_what_follows(expected, answers, shutil.copytree(data_dir, root / "copy"))
    for which, end in undisturbed(interrupted, root / "undisturbed").items():
        assert interrupted[which]["end"] == end, f"{which}: the crash made a difference"
    return Recording(folder, expected, answers)


def cut_off(server: LiveServer, which: str, run_id: int) -> dict[str, Any]:
    """What is known of a run just before the crash."""
    saved = get(server, f"runs/{run_id}/checkpoints")[-1]
    assert saved["cause"] == {RUNNING: "change", PAUSED: "pause"}[which], saved
    return {
        "run_id": run_id,
        "checkpoint": {name: saved[name] for name in ("id", "step", "state_sha256")},
        "fork_values": FORKED_WITH[which],
        "events": server.events(run_id),
    }


def counts(answers: Answers) -> dict[str, Any]:
    """What a reader may want to know of the settled part; the answers say it in full."""
    runs = answers["runs?limit=500&trials=true"]
    curves = [curve for path, curve in answers.items() if path.endswith("/curves")]
    events = [answer["events"] for path, answer in answers.items() if path.endswith("/events")]
    return {
        "runs": dict(Counter(run["status"] for run in runs)),
        "events": sum(map(len, events)),
        "points": sum(item["points"] for curve in curves for item in curve.values()),
        "best": {run["name"]: run["best"] for run in runs},
    }


def see_what_follows(expected: dict[str, Any], answers: Answers, data_dir: Path) -> None:
    """Let this version go on after the crash, in a copy, and note what comes of it."""
    interrupted, search = expected["interrupted"], expected["search"]
    with serving(data_dir, "--no-demo", BABYSIT_PARALLEL=PARALLEL) as server:
        resume_all(server, {name: cut["run_id"] for name, cut in interrupted.items()}, search)
        for which, cut in interrupted.items():
            now = server.events(cut["run_id"])
            assert now[: len(cut["events"])] == cut["events"]
            cut["end"] = ending(server, cut["run_id"], cut["checkpoint"]["step"])
            assert [event["verified"] for event in server.events(cut["run_id"], "recovered")] == [
                True
            ], which
        search |= trials_of(server, search["id"])
        found = read_answers(server, **expected["settled"])
        assert some(differences(answers, found | {"api": answers["api"]})) == []
    expected["verify"]["resumed"] = verified(data_dir)


def undisturbed(interrupted: dict[str, Any], root: Path) -> dict[str, Any]:
    """How the same runs end, with the same changes at their steps, when nothing cuts them off."""
    root.mkdir()
    step = next(
        event["step"]
        for event in interrupted[RUNNING]["events"]
        if event["kind"] == "changed" and not event["scheduled"]
    )
    by_hand = {"values": BY_HAND, "at_step": step}
    ends = {}
    with serving(root / "var", "--no-demo", BABYSIT_PARALLEL=PARALLEL) as server:
        for which, cut in interrupted.items():
            known = SCHEDULED[which] + ([by_hand] if which == RUNNING else [])
            run_id = history.begin(server, which, known)
            server.wait_for_status(run_id, "finished")
            made = {event["step"] for event in server.events(run_id, "changed")}
            assert made == {change["at_step"] for change in known}
            ends[which] = ending(server, run_id, cut["checkpoint"]["step"])
    return ends


if __name__ == "__main__":
    main()

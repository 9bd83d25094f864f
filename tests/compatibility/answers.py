"""What a server says about a data directory, and how two such sayings are compared."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.compatibility.history import get
from tests.live_server import LiveServer

ALL_POINTS = 1_000_000  # more than any run here has: curves come undecimated
ALL_EVENTS = 5_000
TENSORS = ("model.safetensors", "optimizer.safetensors", "random.safetensors")
DIFFERENCES_SHOWN_MAX = 10

Answers = dict[str, Any]


def read_answers(server: LiveServer, runs: Sequence[int], searches: Sequence[int]) -> Answers:
    """Everything that the API says of these runs and searches, by path; lists without others."""
    answers: Answers = {}
    for path, key in (
        ("runs?limit=500&trials=true", "runs"),
        ("runs?limit=500", "runs"),
        ("runs?trashed=true&limit=500", "runs"),
        ("searches?limit=500", "searches"),
    ):
        known = runs if key == "runs" else searches
        answers[path] = [item for item in get(server, path)[key] if item["id"] in known]
    for run_id in runs:
        answers |= _of_run(server, run_id)
    for search_id in searches:
        path = f"searches/{search_id}"
        for rest in ("", f"/curves?points={ALL_EVENTS // 5}", "/importance"):
            answers[path + rest] = get(server, path + rest)
    return answers


def ids_in(folder: Path) -> list[int]:
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdigit())


def _of_run(server: LiveServer, run_id: int) -> Answers:
    """Of a trial less than of other runs, because there are many."""
    path = f"runs/{run_id}"
    run, journal = get(server, path), get(server, f"{path}/events?limit={ALL_EVENTS}")
    curves = get(server, f"{path}/curves?points={ALL_POINTS}")["series"]
    answers = {
        path: run,
        f"{path}/events": journal,
        f"{path}/checkpoints": get(server, f"{path}/checkpoints"),
        f"{path}/curves": {name: _digest(curve) for name, curve in curves.items()},
    }
    if run["search"] is not None:
        return answers
    answers[f"{path}/family"] = get(server, f"{path}/family")
    for event in journal["events"]:
        if event["kind"] == "command_sent":
            command = f"{path}/commands/{event['command_id']}"
            answers[command] = get(server, command)
    for form in ("csv", "recipe"):
        export = server.client.get(f"/api/{path}/export", params={"format": form})
        assert export.is_success, export.text
        answers[f"{path}/export?format={form}"] = hashlib.sha256(export.content).hexdigest()
    return answers


def _digest(curve: dict[str, Any]) -> dict[str, Any]:
    """A curve to compare: all of it in a hash, and what helps to see where it differs."""
    text = json.dumps([curve["step"], curve["value"]], separators=(",", ":"))
    return {
        "points": len(curve["step"]),
        "last": [curve["step"][-1], curve["value"][-1]],
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


def differences(recorded: Any, found: Any, where: str = "") -> list[str]:
    """Where an answer no longer says what was recorded. What it says in addition is no matter."""
    if isinstance(recorded, dict) and isinstance(found, dict):
        missing = [f"{where}/{name} is gone" for name in recorded if name not in found]
        shared = [name for name in recorded if name in found]
        deeper = [differences(recorded[name], found[name], f"{where}/{name}") for name in shared]
        return [*missing, *(line for lines in deeper for line in lines)]
    if isinstance(recorded, list) and isinstance(found, list) and len(recorded) == len(found):
        pairs = enumerate(zip(recorded, found, strict=True))
        deeper = [differences(old, new, f"{where}/{place}") for place, (old, new) in pairs]
        return [line for lines in deeper for line in lines]
    if type(recorded) is type(found) and recorded == found:
        return []
    return [f"{where}: {str(recorded)[:200]} was recorded, {str(found)[:200]} was found"]


def some(lines: list[str]) -> list[str]:
    """Not more of them than can be read."""
    return lines[:DIFFERENCES_SHOWN_MAX]


# ---- the end of a run -------------------------------------------------------------------------


def ending(server: LiveServer, run_id: int, after: int) -> dict[str, Any]:
    """How a finished run went on after a step, to the last bit, and what its end left.

    costs: of each later step, as `float.hex` writes them. files: SHA-256 of those with tensors.
    """
    run = server.run(run_id)
    assert (run["status"], run["step"]) == ("finished", run["steps"]), run
    path = f"runs/{run_id}/curves?series=train/cost&points={ALL_POINTS}&from_step={after + 1}"
    curve = get(server, path)["series"]["train/cost"]
    assert curve["step"] == list(range(after + 1, run["steps"] + 1))
    last = get(server, f"runs/{run_id}/checkpoints")[-1]
    folder = server.data_dir / "runs" / str(run_id) / "checkpoints" / str(last["step"])
    assert (last["cause"], last["step"]) == ("end", run["steps"]), last
    return {
        "costs": " ".join(float(cost).hex() for cost in curve["value"]),
        "weights_sha256": last["weights_sha256"],
        "state_sha256": last["state_sha256"],
        "files": {name: sha256_of(folder / name) for name in TENSORS},
    }


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# ---- where it was computed --------------------------------------------------------------------


def computer() -> dict[str, Any]:
    """All that the last bits of a training on the CPU depend on, beside the code and its data."""
    import torch

    return {
        "torch": torch.__version__,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "machine": platform.machine(),
        "cpu": _cpu(Path("/proc/cpuinfo")),
    }


def _cpu(file: Path) -> dict[str, str]:
    """Of what make it is: libraries choose their kernels by that, not only by the capability."""
    if not file.exists():
        return {"processor": platform.processor()}
    lines = (line.partition(":") for line in file.read_text().partition("\n\n")[0].splitlines())
    known = {name.strip(): value.strip() for name, _, value in lines}
    return {name: known.get(name, "") for name in ("vendor_id", "cpu family", "model")}

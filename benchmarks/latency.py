"""How long a person waits: start to first point, and a change until its answer can be read.

`python benchmarks/latency.py [--times 20]` starts the real server and real workers in a directory
of their own. What a new process that imports torch costs is measured in the same run, to compare.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx


@contextmanager
def served(data_dir: str | None = None) -> Iterator[httpx.Client]:
    """A client of a server that was started for this. data_dir: None is one of its own."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = data_dir or temporary
        command = [sys.executable, "-m", "app.cli", "serve", "--port", "0", "--no-demo"]
        process = subprocess.Popen(
            [*command, "--data-dir", folder], stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split()[-1].rstrip("/")
            token = Path(folder, "token").read_text().strip()
            headers = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=address, headers=headers, timeout=60) as web:
                while not web.get("/api/tasks").json()["ready"]:
                    time.sleep(0.05)
                yield web
        finally:
            process.terminate()
            process.wait(timeout=10)


def start(web: httpx.Client, steps: int, task: str = "digits") -> int:
    body = {"task": task, "steps": steps}
    return int(web.post("/api/runs", json=body).raise_for_status().json()["id"])


def first_point_s(web: httpx.Client) -> float:
    """Seconds from pressing Start until a first point can be read from the API."""
    began = time.perf_counter()
    run = start(web, 200_000)
    wait_for_point(web, run)
    seconds = time.perf_counter() - began
    command(web, run, {"kind": "stop"})
    return seconds


def wait_for_point(web: httpx.Client, run: int) -> None:
    """Read the curve again and again until it has a point."""
    deadline_s = time.perf_counter() + 60
    query = f"/api/runs/{run}/curves?series=train/cost&points=10"
    while not web.get(query).json()["series"].get("train/cost", {}).get("step"):
        if time.perf_counter() > deadline_s:
            raise TimeoutError("no point came")


def command(web: httpx.Client, run: int, body: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    """Seconds until a command is answered by the worker, and the answer."""
    began = time.perf_counter()
    sent = web.post(f"/api/runs/{run}/commands", json=body).raise_for_status().json()
    answer = web.get(f"/api/runs/{run}/commands/{sent['command_id']}?wait_s=10").json()
    assert answer["status"] == "applied", answer
    return time.perf_counter() - began, answer


def change_effects_s(web: httpx.Client, run: int, times: int) -> list[float]:
    """Seconds from sending a change until the worker has made it, by both their wall clocks."""
    change = {"kind": "set", "values": {"learning_rate": 0.02}}
    sent_at_s = []
    for _ in range(times):
        sent_at_s.append(time.time())
        command(web, run, change)
    events = web.get(f"/api/runs/{run}/events?kind=changed&order=desc&limit={times}").json()
    made = [datetime.fromisoformat(event["at"]).timestamp() for event in events["events"]]
    return [end - begin for begin, end in zip(sent_at_s, reversed(made), strict=True)]


def cold_torch_s() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import torch, torch.optim"], check=True)
    return time.perf_counter() - began


def summary(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    worst = ordered[max(0, round(0.99 * len(ordered)) - 1)]
    return f"median {statistics.median(ordered) * 1000:.0f} ms, p99 {worst * 1000:.0f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    times = parser.parse_args().times
    sys.path.insert(0, str(Path(__file__).parent.parent))
    with served() as web:
        first_point_s(web)
        starts = [first_point_s(web) for _ in range(times)]
        run = start(web, 10_000_000)
        wait_for_point(web, run)  # a command to a run that only starts waits for its start
        change = {"kind": "set", "values": {"learning_rate": 0.02}}
        running = [command(web, run, change)[0] for _ in range(times)]
        effects = change_effects_s(web, run, times)
        command(web, run, {"kind": "pause"})
        paused = [command(web, run, change)[0] for _ in range(times)]
        paused_effects = change_effects_s(web, run, times)
        command(web, run, {"kind": "stop"})
    print(f"start to first point, read over HTTP: {summary(starts)}")
    print(f"change sent to effect, running:       {summary(effects)}")
    print(f"change sent to effect, paused:        {summary(paused_effects)}")
    print(f"change sent to answer read, running:  {summary(running)}")
    print(f"change sent to answer read, paused:   {summary(paused)}")
    print(f"for comparison, a process that only imports torch: {cold_torch_s() * 1000:.0f} ms")
    print(json.dumps({"starts_s": starts, "running_s": running, "paused_s": paused}))


if __name__ == "__main__":
    main()

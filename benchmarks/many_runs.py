"""What a data directory of many runs costs: the start of the server, and the list of runs.

`python benchmarks/many_runs.py [--runs 2000]` makes so many copies of a short run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parent.parent))
from babysit.protocol.spec.run_spec import checkpoint_id
from babysit.storage.journal import Frame, JournalReader, JournalWriter, Points, encode_points
from benchmarks.latency import served, start

CHECKPOINTS_PER_RUN = checkpoint_id(2, 0) - checkpoint_id(1, 0)


def short_run(data_dir: str) -> Path:
    """The directory of a run that has ended."""
    with served(data_dir) as web:
        run = start(web, 60)
        while web.get(f"/api/runs/{run}").json()["status"] != "finished":
            time.sleep(0.1)  # between two looks; nothing is timed here
    return Path(data_dir, "runs", str(run))


def copy_run(made: Path, run_id: int) -> None:
    """The run again under another id, without the files of its checkpoints."""
    directory = made.parent / str(run_id)
    directory.mkdir()
    spec = json.loads((made / "run.json").read_text())
    spec |= {"id": run_id, "family_id": run_id, "name": f"digits-{run_id}"}
    (directory / "run.json").write_text(json.dumps(spec, indent=1))
    for path in made.glob("*.journal"):
        writer = JournalWriter(directory / path.name)
        for record in JournalReader(path).read():
            assert isinstance(record, Frame)
            if isinstance(record.body, Points):
                writer.append([encode_points(record.body)])
                continue
            body: dict[str, Any] = record.body
            if body.get("checkpoint_id"):
                body["checkpoint_id"] += CHECKPOINTS_PER_RUN * (run_id - int(made.name))
            writer.append_event(body)
        writer.close()


def started_s(data_dir: str) -> tuple[float, float]:
    """Time passed until the server prints its address, and the processor time of its own process
    until then.
    """
    command = [sys.executable, "-m", "app.cli", "serve", "--port", "0", "--no-demo"]
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--data-dir", data_dir], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    passed_s = time.perf_counter() - began
    used_s = sum(float(n) for n in Path(f"/proc/{process.pid}/stat").read_text().split()[13:15])
    process.terminate()
    process.wait(timeout=20)
    return passed_s, used_s / os.sysconf("SC_CLK_TCK")


def list_bytes(web: httpx.Client, query: str) -> str:
    began = time.perf_counter()
    answer = web.get(f"/api/runs?{query}", headers={"accept-encoding": "identity"})
    answer.raise_for_status()
    return f"{len(answer.content) / 1000:.1f} kB, {(time.perf_counter() - began) * 1000:.0f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--data-dir", help="keep the runs here, and use them again")
    parser.add_argument("--times", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryDirectory() as temporary:
        folder = arguments.data_dir or temporary
        if not Path(folder, "runs", str(arguments.runs)).exists():
            made = short_run(folder)
            for run_id in range(2, arguments.runs + 1):
                copy_run(made, run_id)
            rebuild = [sys.executable, "-m", "app.cli", "rebuild", "--data-dir", folder]
            subprocess.run(rebuild, check=True, stdout=subprocess.DEVNULL)
        started_s(empty), started_s(folder)
        pairs = [(started_s(empty), started_s(folder)) for _ in range(arguments.times)]
        for name, column in zip(
            ("no run", f"{arguments.runs} runs"), zip(*pairs, strict=True), strict=True
        ):
            passed, used = (sorted(each)[len(each) // 2] for each in zip(*column, strict=True))
            print(f"start of the server, {name}: {passed:.2f} s, {used:.2f} s of processor time")
        with served(folder) as web:
            print(f"GET /api/runs?limit=100: {list_bytes(web, 'limit=100')}")


if __name__ == "__main__":
    main()

"""A server on a Ray cluster of two nodes, with a small search on both: `make run-cluster`.

All of it is on this machine, in a temporary directory, and goes when the server ends.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from .ray_cluster import two_nodes

LOOK_EVERY_S = 0.5
TRIALS = 6
SEARCH = {
    "task": "spirals",
    "space": {
        "learning_rate": {"scale": "log10", "low": 0.01, "high": 1},
        "momentum": {"scale": "minus_log10_one_minus", "low": 0.5, "high": 0.99},
    },
    "strategy": "random",
    "trials": TRIALS,
    "steps": 400,
}


def main() -> int:
    """Serve until Ctrl-C. Returns: the exit code of the server."""
    print("Starting two Ray nodes, then the server: half a minute …", flush=True)
    with tempfile.TemporaryDirectory(prefix="babysit-cluster-") as folder, two_nodes() as cluster:
        data_dir = Path(folder, "var")
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "app.cli", "serve", "--no-demo", "--ray", cluster[0]),
                *("--data-dir", str(data_dir), *sys.argv[1:]),
            ]
        )
        try:
            _search(server, data_dir)
            return server.wait()
        except KeyboardInterrupt:  # the server got it, too
            return server.wait()


def _search(server: subprocess.Popen[bytes], data_dir: Path) -> None:
    """Start the search, and say on which node each trial begins."""
    while server.poll() is None and not (data_dir / "server.json").exists():
        time.sleep(LOOK_EVERY_S)  # until the server says where it is
    if server.poll() is not None:
        return
    url = json.loads((data_dir / "server.json").read_text())["url"]
    token = (data_dir / "token").read_text().strip()
    _ask(url, token, "/api/tasks?wait_s=60")
    search = _ask(url, token, "/api/searches", SEARCH)
    print(f"A search of {TRIALS} trials, {search['parallel']} at once.", flush=True)
    told: set[Path] = set()
    while len(told) < TRIALS and server.poll() is None:
        for lease in sorted(set(data_dir.glob("runs/*/.attempt-0001.lease")) - told):
            machine = json.loads(lease.read_text())["machine"]
            if machine is not None:
                told.add(lease)
                print(f"Run {lease.parent.name} trains on the node {machine['name']}.", flush=True)
        time.sleep(LOOK_EVERY_S)  # the leases are files of the server


def _ask(url: str, token: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, headers)
    with urllib.request.urlopen(request, timeout=90) as answer:
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())

"""Another machine, as far as one machine can play it: another directory, an empty environment."""

from __future__ import annotations

import os
import signal
import socket
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babysit.storage.manifest import check_manifest
from tests.live_server import MARK, LiveServer, end_marked, serving

STEPS = 400
CHANGED_AT = 250
TASK = '''
"""A line with noise, by a network whose form stands in another file."""
import os, torch
from babysit.task import Data, Examples, Task, mean_squared_error
from helper_of_task import form

def load():
    print("environment:", dict(os.environ), "arguments:", open("/proc/self/cmdline").read())
    x = torch.randn(200, 3, generator=torch.Generator().manual_seed(1))
    return Data(train=Examples(x, x.sum(1, keepdim=True)), val=Examples(x[:20], x[:20, :1]))

TASK = Task(title="Line", summary="", kind="regression", load=load, cost=mean_squared_error,
            build=lambda values: form(), evaluate_every=50)
'''
HELPER = """
from torch import nn

def form():
    return nn.Sequential(nn.Linear(3, 16), nn.Dropout(0.1), nn.Tanh(), nn.Linear(16, 1))
"""


def with_task(folder: Path) -> Path:
    folder.mkdir()
    (folder / "line.py").write_text(TASK)
    (folder / "helper_of_task.py").write_text(HELPER)
    return folder


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@dataclass
class Elsewhere:
    """folder: what workers there may write. port: where they reach the server."""

    folder: Path
    tasks: Path
    has_variables: bool = False  # else its environment is empty, and it reads its input
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    port: int = field(default_factory=free_port)

    @property
    def command(self) -> str:
        """What a worker is told is kept beside it, for the test."""
        script = 'cd "$0" && umask 077 && cat > told-$2 && exec "$1" -P -m babysit work --dir "$0"'
        empty = "" if self.has_variables else "-i"
        return (
            f"env {empty} {MARK}={self.mark} sh -c '{script} < told-$2' "
            f"{self.folder} {{python}} {{run}}-{{attempt}}"
        )

    @contextmanager
    def serving(self, data_dir: Path, **environment: str) -> Iterator[LiveServer]:
        settings: Any = {"BABYSIT_LAUNCHER": self.command, "BABYSIT_MODELS": str(self.tasks)}
        settings |= environment
        flags = ("--no-demo", "--port", str(self.port))
        with serving(data_dir, *flags, mark=self.mark, **settings) as server:
            yield server

    def processes(self, module: str) -> dict[int, list[str]]:
        """Those that run a module here: pid -> arguments."""
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if f"{MARK}={self.mark}".encode() not in (process / "environ").read_bytes():
                    continue
                arguments = (process / "cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
            if module in arguments and arguments[0] == sys.executable:
                found[int(process.name)] = arguments
        return found

    def kill_all(self, number: signal.Signals = signal.SIGKILL) -> None:
        """As if the machine had lost its power, or its network."""
        for module in ("babysit", "babysit.remote.child"):
            for pid in self.processes(module):
                os.kill(pid, number)


@contextmanager
def elsewhere(tmp_path: Path) -> Iterator[Elsewhere]:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    made = Elsewhere(folder, with_task(tmp_path / "tasks"))
    try:
        yield made
    finally:
        end_marked(made.mark)


def start_steered(server: LiveServer, **options: Any) -> int:
    """A run whose learning rate changes at a known step."""
    run = server.start_run("line", steps=STEPS, seed=3, max_steps_per_s=options.pop("pace", None))
    change = {"kind": "set", "values": {"learning_rate": 0.01}, "at_step": CHANGED_AT}
    sent = server.client.post(f"/api/runs/{run['id']}/commands", json=change)
    assert sent.status_code == 202, sent.text
    return int(run["id"])


def recorded(server: LiveServer, run_id: int) -> dict[str, Any]:
    """All that a run consists of: its points, and the state that it ended in.

    Every checkpoint that it announces is there.
    """
    series = "train/cost,val/cost,learning_rate"
    path = f"/api/runs/{run_id}/curves?series={series}&points=100000"
    curves = server.client.get(path).json()["series"]
    removed = {one["checkpoint_id"] for one in server.events(run_id, "checkpoint_removed")}
    for announced in server.events(run_id, "checkpoint_saved"):
        if announced["checkpoint_id"] not in removed:
            checkpoints = server.data_dir / f"runs/{run_id}/checkpoints"
            check_manifest(checkpoints / announced["directory"])
    saved = server.events(run_id, "checkpoint_saved")[-1]
    return {"curves": curves, "state": saved["state_sha256"], "step": saved["step"]}

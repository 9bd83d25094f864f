"""The product as it is installed, in a data directory of its own: started, hurt, started again."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.live_server import MARK, LiveServer, serving

TASKS = Path(__file__).with_name("tasks")
GONE_WITHIN_S = 30.0
LOOK_EVERY_S = 0.02


@dataclass(frozen=True)
class Process:
    """A process of the product. role: "server", "fork server", "worker" or "spare".

    A spare one is to become a worker; it is one when it has opened a file of its run.
    """

    pid: int
    role: str


class Product:
    """`babysit serve` on loopback, and all that it starts. A nemesis may kill any of it."""

    def __init__(self, data_dir: Path, mark: str, **environment: str) -> None:
        self.data_dir = data_dir
        self.mark = mark
        self.starts = 0
        self._environment = {"BABYSIT_MODELS": str(TASKS), **environment}
        self._stack = ExitStack()
        self._server: LiveServer | None = None
        self.is_up = threading.Event()

    @property
    def server(self) -> LiveServer | None:
        """The server; None while there is none."""
        return self._server if self.is_up.is_set() else None

    def start(self) -> LiveServer:
        """Start a server, after the last one is gone; return when it answers."""
        self.let_go()
        serves = serving(self.data_dir, "--no-demo", mark=self.mark, cwd=None, **self._environment)
        self._server = self._stack.enter_context(serves)
        self.starts += 1
        self.is_up.set()
        return self._server

    def let_go(self) -> None:
        """The server is dead, or is to end now in good order."""
        self.is_up.clear()
        self._server = None
        self._stack.close()
        self._stack = ExitStack()

    def processes(self) -> list[Process]:
        """All living processes of the product."""
        own = f"{MARK}={self.mark}".encode()
        found: dict[int, tuple[int, bytes]] = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if own in (folder / "environ").read_bytes().split(b"\0"):
                    parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                    found[int(folder.name)] = (parent, (folder / "cmdline").read_bytes())
            except (OSError, ValueError):
                continue  # gone meanwhile
        runs = self.data_dir / "runs"
        return [Process(pid, _role(pid, found, runs)) for pid in found if found[pid][1]]

    def kill(self, roles: set[str], draw: random.Random) -> list[Process]:
        """SIGKILL all processes of these roles in random order; who was hit, when all are gone.

        With all workers go those that may be about to become one.
        """
        hit = roles | {"spare"} if "worker" in roles else roles
        victims = [process for process in self.processes() if process.role in hit]
        draw.shuffle(victims)
        if "server" in roles:
            self.is_up.clear()
        for victim in victims:
            send(victim.pid, signal.SIGKILL)
        wait_until_gone([victim.pid for victim in victims])
        return victims


def _role(pid: int, found: dict[int, tuple[int, bytes]], runs: Path) -> str:
    parent, command = found[pid]
    if b"app.cli" in command:
        return "server"
    parents_command = found.get(parent, (0, b""))[1]
    if b"babysit.forkserver" in command and b"app.cli" in parents_command:
        return "nursery"
    return "worker" if _has_opened_one_in(pid, runs) else "spare"


def _has_opened_one_in(pid: int, folder: Path) -> bool:
    try:
        opened = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return False  # gone meanwhile
    return any(path.startswith(f"{folder}/") for path in opened)


def send(pid: int, number: signal.Signals) -> bool:
    """Signal a process; False: it is gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def wait_until_gone(pids: list[int]) -> None:
    """Return when none of the processes runs any more; a zombie does not."""
    end_s = time.monotonic() + GONE_WITHIN_S
    while any(_runs(pid) for pid in pids):
        assert time.monotonic() < end_s, f"still there {GONE_WITHIN_S:.0f} s after SIGKILL: {pids}"
        time.sleep(LOOK_EVERY_S)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False

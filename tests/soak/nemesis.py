"""One thread that hurts the product: draws a fault, does it, lets it recover, draws again."""

from __future__ import annotations

import contextlib
import random
import resource
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from babysit.storage.journal import frame
from tests.soak.product import Process, Product, send

BETWEEN_S = 6.0  # two faults, on average; often less, and now and then long enough to recover
STOPPED_S = (0.3, 4.0)  # by SIGSTOP
FULL_S = (0.3, 3.0)
STORM = 4  # restarts
SPARE_BYTES = 2_000  # what a full disk still takes


class Nemesis:
    """Draws faults. damaged: checkpoints that it spoilt; counts: how often it did what."""

    def __init__(self, product: Product, draw: random.Random) -> None:
        self._product = product
        self._draw = draw
        self.counts: Counter[str] = Counter()
        self.damaged: set[Path] = set()
        self.log: list[str] = []
        self._torn: set[Path] = set()  # nobody writes these again: a writer dies in a write once
        self._faults: dict[Callable[[], None], int] = {
            self.kill_workers: 6,
            self.kill_server: 5,
            self.kill_nursery: 3,
            self.kill_all: 6,
            self.stop_and_continue: 4,
            self.end_server: 2,
            self.end_worker: 1,
            self.storm: 1,
            self.damage_newest_checkpoint: 2,
            self.tear_journals: 3,
            self.fill_disk: 4,
        }

    def live(self, until: threading.Event) -> None:
        faults, weights = list(self._faults), list(self._faults.values())
        while not until.wait(self._draw.expovariate(1 / BETWEEN_S)):
            fault = self._draw.choices(faults, weights)[0]
            self._note(fault.__name__)
            fault()
            if self._product.server is None:
                self._product.start()

    @property
    def is_done(self) -> bool:
        """Whether it has done all that it wanted."""
        return False

    def heal(self) -> None:
        """All go on, nothing is full, and a server is there."""
        for process in self._product.processes():
            lift_limit(process.pid)
            send(process.pid, signal.SIGCONT)
        if self._product.server is None:
            self._product.start()

    def _note(self, text: str) -> None:
        self.counts[text] += 1
        self.log.append(f"{time.monotonic():.2f} {text}")

    def _kill(self, *roles: str) -> None:
        for victim in self._product.kill(set(roles), self._draw):
            self._note(f"SIGKILL {victim.role}")

    def _one_of(self, *roles: str) -> Process | None:
        found = [process for process in self._product.processes() if process.role in roles]
        return self._draw.choice(found) if found else None

    # -- faults

    def kill_workers(self) -> None:
        victim = self._one_of("worker")
        if victim is not None and send(victim.pid, signal.SIGKILL):
            self._note("SIGKILL worker")

    def kill_server(self) -> None:
        self._kill("server")

    def kill_nursery(self) -> None:
        self._kill("nursery")

    def kill_all(self) -> None:
        self._kill("server", "nursery", "worker")

    def stop_and_continue(self) -> None:
        """As when a laptop sleeps."""
        process = self._one_of("server", "worker", "nursery")
        if process is not None and send(process.pid, signal.SIGSTOP):
            self._note(f"SIGSTOP {process.role}")
            time.sleep(self._draw.uniform(*STOPPED_S))
            send(process.pid, signal.SIGCONT)

    def end_server(self) -> None:
        self._note("SIGTERM server")
        self._product.let_go()

    def end_worker(self) -> None:
        process = self._one_of("worker")
        if process is not None and send(process.pid, signal.SIGTERM):
            self._note("SIGTERM worker")

    def storm(self) -> None:
        """Servers that are killed as soon as they answer."""
        for _ in range(STORM):
            self._kill("server")
            self._product.start()

    def damage_newest_checkpoint(self) -> None:
        """Of a run whose worker is dead, and with it all who could start another."""
        self._kill("server", "nursery", "worker")
        runs = list((self._product.data_dir / "runs").glob("*/checkpoints"))
        found = [path for folder in runs for path in folder.glob("[0-9]*") if path.is_dir()]
        if not found:
            return
        newest = max(found, key=lambda path: path.stat().st_mtime_ns)
        if len([path for path in newest.parent.iterdir() if path not in self.damaged]) < 2:
            return  # the last one that is whole
        file = self._draw.choice(sorted(newest.iterdir()))
        data = bytearray(file.read_bytes())
        if data:
            data[self._draw.randrange(len(data))] ^= 1 << self._draw.randrange(8)
            file.write_bytes(data)
            self.damaged.add(newest)

    def tear_journals(self) -> None:
        """As if each writer had died inside a write: a part of a frame at the end of the file."""
        self._kill("server", "nursery", "worker")
        for path in (self._product.data_dir / "runs").glob("*/*.journal"):
            is_own = path.name == "server.journal"  # a server cuts off what is torn
            if self._draw.random() < 0.5 and (is_own or path not in self._torn):
                self._torn.add(path)
                whole = frame(1 << 40, b"E" + b'{"kind": "warned"}' * 5)
                with path.open("ab") as file:
                    file.write(whole[: self._draw.randrange(1, len(whole))])

    def fill_disk(self) -> None:
        """No file of a process may grow: what it writes fails as on a full disk."""
        process = self._one_of(self._draw.choice(["worker", "worker", "server"]))
        if process is None:
            return
        sizes = [SPARE_BYTES]
        with contextlib.suppress(OSError):
            for link in Path(f"/proc/{process.pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    if link.is_file():
                        sizes.append(link.stat().st_size)
        if limit_files(process.pid, self._draw.choice(sizes)):
            self._note(f"full disk for the {process.role}")
            time.sleep(self._draw.uniform(*FULL_S))
            lift_limit(process.pid)


def limit_files(pid: int, size: int) -> bool:
    """Let no file of a process grow beyond a size, in bytes; False: it is gone."""
    try:
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
    except (ProcessLookupError, PermissionError):
        return False
    return True


def lift_limit(pid: int) -> None:
    limit_files(pid, resource.RLIM_INFINITY)

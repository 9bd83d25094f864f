"""Runs a worker in a directory of its own, and passes on all that it writes.

The worker is a process as on the server's machine, and knows nothing of the network: its steps
wait for nobody, and it trains on while the server is away. Its companion has the token; the
worker, which runs the task's code, does not.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from babysit.protocol.status import EXIT_PREEMPTED
from babysit.remote.child import PREEMPTIBLE
from babysit.remote.mirror import Mirror
from babysit.remote.retrying import until_done
from babysit.remote.run_storage import RemoteRunStorage
from babysit.remote.scratch import Scratch
from babysit.storage.runs.inputs import announcements
from babysit.storage.runs.storage import AttemptOver, UnknownName

HEARTBEAT_EVERY_S = 2.0
COMMANDS_WAIT_S = 25.0  # of one request
EMPTY_HEARTBEAT = bytes(24)
SECRET = "BABYSIT_WORKER_"  # variables that the worker does not get

PREEMPTED = "The scheduler wanted the machine back; a checkpoint was saved first."
EXIT_OVER = os.EX_UNAVAILABLE  # another attempt has taken the place of this one


class Companion:
    """One attempt on this machine.

    on_preempted: called when the worker has left the run to the next attempt, before the server
        knows it. None: the machine is never wanted back.
    """

    def __init__(
        self,
        storage: RemoteRunStorage,
        scratch: Scratch,
        attempt: int,
        on_preempted: Callable[[], None] | None = None,
    ) -> None:
        self._on_preempted = on_preempted
        self._storage = storage
        self._scratch = scratch
        self._attempt = attempt
        self._over = threading.Event()  # the server takes nothing any more
        self._ended = threading.Event()  # the worker's process has ended
        self._process: subprocess.Popen[bytes] | None = None

    def work(self) -> int:
        """Bring the attempt to its end. Returns: the exit code of this process."""
        try:
            beginning = until_done(self._storage.begin, self._over)
            tasks = self._scratch.fill(self._storage, beginning, self._over)
            directory = self._scratch.run_directory
            mirror = Mirror(
                self._storage,
                directory,
                self._attempt,
                announcements(directory, self._attempt),
                self._over,
            )
            mirror.begin(beginning.log_bytes)
            return self._train(tasks, mirror)
        except AttemptOver:
            return EXIT_OVER
        finally:
            self._kill()

    def terminate(self) -> None:
        """Let the worker finish its step, save a checkpoint and end."""
        self._send(signal.SIGTERM)

    def preempt(self) -> None:
        """Let the worker save a checkpoint after its step, and leave the run to another attempt."""
        self._send(signal.SIGUSR2)

    def _train(self, tasks: Path, mirror: Mirror) -> int:
        self._process = process = self._start(tasks)
        threads = [
            threading.Thread(target=self._guarded, args=(part,), name=name, daemon=True)
            for name, part in (
                ("mirror", mirror.run),
                ("heartbeat", self._send_heartbeats),
                ("commands", self._fetch_commands),
            )
        ]
        for thread in threads:
            thread.start()
        code = process.wait()
        mirror.complete.set()
        threads[0].join()  # everything it wrote is there, or the attempt is over
        self._ended.set()
        if self._over.is_set():
            return EXIT_OVER
        is_preempted = code == EXIT_PREEMPTED and self._on_preempted is not None
        if is_preempted and self._on_preempted is not None:
            self._on_preempted()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        ended = {
            "pid": process.pid,
            "status": code,
            "signal": -code if code < 0 else None,
            "peak_bytes": used.ru_maxrss * 1024,
            "preempted": is_preempted,
            "why": PREEMPTED if is_preempted else None,
        }
        with contextlib.suppress(AttemptOver):  # the answer to an earlier try was lost
            until_done(lambda: self._storage.end(ended), self._over)
        return 0

    def _guarded(self, part: Callable[[], None]) -> None:
        """A thread whose end, if the attempt is over, is the worker's end."""
        try:
            part()
        except AttemptOver:
            self._over.set()
            self._kill()
        except BaseException:
            sys.excepthook(*sys.exc_info())
            self._over.set()  # what is not passed on is lost: another attempt does it again
            self._kill()

    def _start(self, tasks: Path) -> subprocess.Popen[bytes]:
        settings = self._storage.settings
        retry = ["--may-retry"] if settings["may_retry"] else []
        preemptible = [] if self._on_preempted is None else [PREEMPTIBLE]
        return subprocess.Popen(
            [
                *(sys.executable, "-P", "-m", "babysit.remote.child"),
                *(str(self._scratch.run_directory), "--attempt", str(self._attempt), *retry),
                *preemptible,
            ],
            env=worker_environment(os.environ, settings, tasks),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _send_heartbeats(self) -> None:
        path = self._scratch.run_directory / f"attempt-{self._attempt:04d}.heartbeat"
        while not self._ended.is_set():
            try:
                record = path.read_bytes()
            except OSError:
                record = EMPTY_HEARTBEAT  # it still imports
            with contextlib.suppress(OSError, UnknownName):
                for number in self._storage.write_heartbeat(record):
                    self._send(number)
            self._ended.wait(HEARTBEAT_EVERY_S)

    def _fetch_commands(self) -> None:
        while not self._ended.is_set():
            self._scratch.fetch_commands(self._storage, COMMANDS_WAIT_S, self._over)

    def _send(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, ValueError):
                self._process.send_signal(number)

    def _kill(self) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)


def worker_environment(
    own: Mapping[str, str], settings: Mapping[str, Any], tasks: Path
) -> dict[str, str]:
    """The environment of the worker: without what opens the server.

    A device that somebody has set on this machine counts more than `auto`.
    """
    kept = {name: value for name, value in own.items() if not name.startswith(SECRET)}
    device = str(settings["device"])
    if device == "auto":
        device = own.get("BABYSIT_DEVICE") or device
    return kept | {
        "BABYSIT_MODELS": str(tasks),
        "BABYSIT_THREADS": str(settings["threads"]),
        "BABYSIT_DEVICE": device,
    }

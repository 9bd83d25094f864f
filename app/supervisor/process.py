"""Starts worker processes: through the fork server, or directly without one."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from babysit.protocol.serialization import now
from babysit.protocol.spec.run_spec import ScriptSpec
from babysit.protocol.status import RunStatus
from babysit.storage.atomic import write_atomic
from babysit.storage.file_lock import RUN_LOCK, holds_lock
from babysit.storage.process_identity import (
    ProcessIdentity,
    identity_of,
    is_alive,
    send_signal,
)

from ..child_process import python_module
from ..store.journals.spec_file import RUN_FILE
from .fork_client import ForkServerClient, ForkServerGone
from .liveness import has_exit_record, may_be_locked

log = logging.getLogger(__name__)

FORK_SERVER_READY_WITHIN_S = 60.0
EXIT_SAID_WITHIN_S = 2.0  # by the fork server, after a worker is gone
EXIT_SAID_LATEST_S = 10.0  # if it imports a module at that time
STARTED_WITHIN_S = 60.0  # a worker without a lock by then has exited
UNKNOWN_START_S = 15.0  # for a worker of an earlier server that has written nothing yet


class ServerEnds(Exception):
    """The server ends; no more workers are started."""


@dataclass(slots=True)
class Worker:
    """The process that works on a run.

    is_ours: this server started it. Any other one is known by what its journal says, which a copy
    of the data directory says as well; it is signalled only while it holds the lock of the run.
    """

    attempt: int
    since_s: float  # monotonic, when this server started it or first heard of it
    identity: ProcessIdentity | None
    is_ours: bool = False
    cold: subprocess.Popen[bytes] | None = None
    gone_since_s: float | None = None  # monotonic, when it was first missed

    @property
    def was_started(self) -> bool:
        """Whether it is known that a process was started for it."""
        return self.identity is not None

    def is_there(self, directory: Path, status: RunStatus) -> bool:
        """Whether the worker runs, or may still be starting."""
        if self.cold is not None and self.cold.poll() is not None:  # reaps it
            write_exit(directory, self.attempt, self.cold)
        if may_be_locked(directory):
            return True
        if has_exit_record(directory, self.attempt):
            return False
        if self.cold is not None and self.cold.returncode is None:
            return True  # it imports, before it takes the lock
        waited_s = time.monotonic() - self.since_s
        if self.identity is not None:
            # A worker takes the lock within seconds of its start and holds it to its end.
            new = status is RunStatus.STARTING and waited_s < STARTED_WITHIN_S
            return new and self.is_ours and is_alive(self.identity)
        return status is RunStatus.STARTING and waited_s < UNKNOWN_START_S

    def may_write(self, directory: Path) -> bool:
        """Whether its process may still hold the run."""
        if self.cold is not None and self.cold.poll() is None:
            return True
        return may_be_locked(directory)

    def may_conclude(self, directory: Path, fork_server: ForkServerClient) -> bool:
        """Whether it is known how it ended. The fork server gets some time to report that."""
        if self.cold is not None or has_exit_record(directory, self.attempt):
            return True
        now_s = time.monotonic()
        self.gone_since_s = self.gone_since_s or now_s
        patience_s = EXIT_SAID_LATEST_S if fork_server.is_loading else EXIT_SAID_WITHIN_S
        return now_s - self.gone_since_s > patience_s or not fork_server.is_alive

    def look(self, directory: Path) -> str | None:
        """What there is to warn of, beside what the watchdog sees."""
        return None

    def give_up(self, directory: Path) -> None:
        """See to it that nothing of this attempt is written any more."""
        self.send_signal(directory, signal.SIGKILL)  # it may still run without its lock

    def send_signal(self, directory: Path, number: signal.Signals) -> bool:
        """Signal the worker of this run directory, and no other process; False: it has ended."""
        if self.identity is None:
            return False
        if not self.is_ours and not holds_lock(self.identity.pid, directory / RUN_LOCK):
            return False
        return send_signal(self.identity, number)


def write_exit(directory: Path, attempt: int, process: subprocess.Popen[bytes]) -> None:
    """Keep how a process ended that the fork server did not start; it keeps the others' ends."""
    path, code = directory / f"exit-{attempt:04d}.json", process.returncode
    if path.exists():
        return
    ended = {"pid": process.pid, "attempt": attempt, "status": code, "at": now()}
    ended |= {"signal": -code if code < 0 else None, "peak_bytes": 0, "oom": False}
    with contextlib.suppress(OSError):  # it only helps to say why
        write_atomic(path, json.dumps(ended), sync=False)


def script_of(directory: Path) -> ScriptSpec | None:
    """The script that a run trains; None for a task."""
    spec = RUN_FILE.read(directory)
    return None if isinstance(spec, str) or spec.script is None else ScriptSpec(**spec.script)


def is_this_python(path: str) -> bool:
    """Whether it is the interpreter of this process, with the same packages."""
    same_folder = os.path.dirname(path) == os.path.dirname(sys.executable)  # a venv links to others
    return same_folder and os.path.realpath(path) == os.path.realpath(sys.executable)


def start_worker(
    fork_server: ForkServerClient,
    directory: Path,
    attempt: int,
    *,
    may_retry: bool,
    is_closing: Callable[[], bool],
) -> Worker:
    """Start a worker for this attempt; it takes the run's lock itself.

    may_retry: a further attempt follows if its task raises.

    Raises:
        OSError: the process cannot be started.
        ServerEnds: the server is closing while the fork server still loads.
    """
    fork_server.ready.wait(FORK_SERVER_READY_WITHIN_S)
    if is_closing():
        raise ServerEnds
    now_s = time.monotonic()
    script = script_of(directory)
    is_same = script is None or is_this_python(script.python)
    if fork_server.is_alive and fork_server.torch and is_same:
        try:
            pid = fork_server.work(directory, attempt, may_retry=may_retry)
            return Worker(attempt, now_s, identity_of(pid), is_ours=True)
        except ForkServerGone as error:
            log.warning("the nursery did not start run %s: %s", directory.name, error)
            if may_be_locked(directory):  # it did, but could not say so
                return Worker(attempt, now_s, None)
    retry = ["--may-retry"] if may_retry else []
    command = python_module("babysit.attached", str(directory), "--attempt", str(attempt), *retry)
    if script is not None:
        command[0] = script.python
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=fork_server.environment() | ({} if script is None else script.environment),
        start_new_session=True,
    )
    return Worker(attempt, now_s, identity_of(process.pid), is_ours=True, cold=process)

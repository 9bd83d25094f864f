"""A worker on another machine, as far as this server can tell."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

from babysit.protocol.status import RunStatus
from babysit.storage.process_identity import is_alive, send_signal
from babysit.storage.runs.storage import AttemptOver

from ...remote.leases import SILENT_AFTER_S, Lease, Leases
from ...remote.template import last_words
from ..fork_client import ForkServerClient
from ..process import Worker

OUTPUT_BYTES_READ = 8_192


@dataclass(slots=True)
class RemoteWorker(Worker):
    """Its lease tells of the worker; the command that started it, `cold`, tells less.

    lost_after_s: without contact for so long, the attempt is given up though the command runs.
    """

    lease: Lease = field(kw_only=True)
    leases: Leases = field(kw_only=True)
    lost_after_s: float = field(kw_only=True)
    is_said_silent: bool = field(default=False, kw_only=True)

    def is_there(self, directory: Path, status: RunStatus) -> bool:
        """Whether the worker works, or may still be starting. If not, it says why."""
        lease = self.lease
        if self.cold is not None:
            self.cold.poll()  # reaps it
        if lease.is_over:
            return False
        if self._command_runs():
            # Before its first request it may wait for a machine, which may take days.
            if not lease.has_begun:
                return True
            if lease.silent_s < self.lost_after_s:
                return True
        elif lease.silent_s < SILENT_AFTER_S and not self._has_failed():
            return True
        self._write_end(self._why(directory))
        return False

    def _command_runs(self) -> bool:
        return self.lease.process is not None and is_alive(self.lease.process)

    def _has_failed(self) -> bool:
        """Whether the command has failed before its worker was ever heard of."""
        has_failed = self.cold is not None and self.cold.returncode not in (None, 0)
        return has_failed and not self.lease.has_begun

    def _why(self, directory: Path) -> str:
        lease = self.lease
        if lease.has_begun:
            return f"No contact with the worker {lease.where} for {lease.silent_s:.0f} s."
        code = None if self.cold is None else self.cold.returncode
        how = "ended" if code is None else f"exited with code {code}"
        words = last_words(_end_of(output_path(directory, self.attempt)), lease.token_sha256)
        said = f": {words}" if words else "."
        return f"The command that starts workers {how} without a worker{said}"

    def _write_end(self, why: str) -> None:
        with contextlib.suppress(OSError, AttemptOver):
            self.lease.storage.end({"pid": 0, "status": -1, "signal": None, "why": why})

    def may_write(self, directory: Path) -> bool:
        """Whether it is still to be waited for, to send the rest of its output."""
        if self.lease.is_over or not directory.is_dir():
            return False
        if self.lease.is_in_contact:
            return True
        self.give_up(directory)
        return False

    def may_conclude(self, directory: Path, fork_server: ForkServerClient) -> bool:
        return True  # `is_there` has said why

    def look(self, directory: Path) -> str | None:
        """Say once that there is no contact, and once that there is again."""
        lease = self.lease
        is_silent = lease.has_begun and lease.silent_s > SILENT_AFTER_S
        if is_silent == self.is_said_silent:
            return None
        self.is_said_silent = is_silent
        if not is_silent:
            return f"The worker {lease.where} is in contact again."
        return (
            f"No contact with the worker {lease.where} for {lease.silent_s:.0f} s. "
            f"It trains on if it can, and sends later what it recorded."
        )

    def send_signal(self, directory: Path, number: signal.Signals) -> bool:
        """By its next heartbeat; without contact, the command that started it."""
        lease = self.lease
        if lease.is_over:
            return False
        if lease.is_in_contact:
            lease.signals.append(int(number))
            return True
        return number != signal.SIGUSR1 and self._end_command(number)

    def give_up(self, directory: Path) -> None:
        """End the lease: every further request of this attempt is refused, and its worker ends."""
        self.leases.end(self.lease)
        self.leases.forget(self.lease)
        self._end_command(signal.SIGTERM)

    def _end_command(self, number: signal.Signals) -> bool:
        process = self.lease.process
        if process is None or not is_alive(process):
            return False
        try:
            os.killpg(process.pid, number)  # it leads a session of its own
        except OSError:
            return send_signal(process, number)
        return True


def output_path(directory: Path, attempt: int) -> Path:
    """What the command that starts the worker prints."""
    return directory / f"launch-{attempt:04d}.log"


def _end_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - OUTPUT_BYTES_READ))
            return file.read()
    except OSError:
        return b""


def new_worker(lease: Lease, leases: Leases, lost_after_s: float) -> RemoteWorker:
    """The worker of a lease, whoever started it."""
    return RemoteWorker(
        lease.attempt,
        time.monotonic(),
        lease.process,
        lease=lease,
        leases=leases,
        lost_after_s=lost_after_s,
    )

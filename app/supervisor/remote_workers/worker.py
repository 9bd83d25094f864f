"""A worker on another machine, as far as this server can tell."""

from __future__ import annotations

import contextlib
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

from babysit.protocol.status import RunStatus
from babysit.storage.runs.storage import AttemptOver

from ...remote.leases import SILENT_AFTER_S, Lease, Leases
from ..fork_client import ForkServerClient
from ..process import Worker
from .handle import Handle


@dataclass(slots=True)
class RemoteWorker(Worker):
    """Its lease tells of the worker; the handle of its launcher tells less.

    lost_after_s: without contact for so long, the attempt is given up though its launcher says
    that it runs.
    """

    lease: Lease = field(kw_only=True)
    leases: Leases = field(kw_only=True)
    handle: Handle = field(kw_only=True)
    lost_after_s: float = field(kw_only=True)
    is_said_silent: bool = field(default=False, kw_only=True)

    @property
    def was_started(self) -> bool:
        return self.handle.was_started

    def is_there(self, directory: Path, status: RunStatus) -> bool:
        """Whether the worker works, or may still be starting. If not, it says why."""
        lease, is_running = self.lease, self.handle.is_running()
        if lease.is_over:
            return False
        if is_running and not lease.has_begun:
            return True  # it may wait for a machine, which may take days
        is_hopeless = not lease.has_begun and self.handle.has_failed()
        patience_s = self.lost_after_s if is_running else SILENT_AFTER_S
        if lease.silent_s < patience_s and not is_hopeless:
            return True
        self._write_end(self._why())
        return False

    def _why(self) -> str:
        lease = self.lease
        if not lease.has_begun:
            return self.handle.why()
        return f"No contact with the worker {lease.where} for {lease.silent_s:.0f} s."

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
        """By its next heartbeat; without contact, by its launcher."""
        lease = self.lease
        if lease.is_over:
            return False
        if lease.is_in_contact:
            lease.signals.append(int(number))
            return True
        return number != signal.SIGUSR1 and self.handle.send_signal(number)

    def give_up(self, directory: Path) -> None:
        """End the lease: every further request of this attempt is refused, and its worker ends."""
        self.leases.end(self.lease)
        self.leases.forget(self.lease)
        self.handle.end()


def new_worker(lease: Lease, leases: Leases, handle: Handle, lost_after_s: float) -> RemoteWorker:
    """The worker of a lease, whoever started it."""
    return RemoteWorker(
        lease.attempt,
        time.monotonic(),
        None,
        lease=lease,
        leases=leases,
        handle=handle,
        lost_after_s=lost_after_s,
    )

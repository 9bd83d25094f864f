"""What a launcher of workers elsewhere offers: it starts a worker and gives a handle of it.

A lease says whether a worker is there. A handle says less: whether what was asked to start the
worker may still bring it, and why it could not.
"""

from __future__ import annotations

import signal
from typing import Protocol

from ...remote.leases import Lease


class Handle(Protocol):
    """One worker, as its launcher knows it, also after a restart of the server."""

    @property
    def was_started(self) -> bool:
        """Whether it is known that the launcher was asked to start the worker."""
        ...

    def is_running(self) -> bool:
        """Whether the worker runs or may still begin, as far as the launcher knows."""
        ...

    def has_failed(self) -> bool:
        """Whether no worker will come: it is not to be waited for."""
        ...

    def why(self) -> str:
        """Why the worker did not come: one sentence."""
        ...

    def send_signal(self, number: signal.Signals) -> bool:
        """Signal what runs; False: nothing does."""
        ...

    def end(self) -> None:
        """See to it that nothing of it is left. It may be called more than once."""
        ...


class WorkerLauncher(Protocol):
    """Starts workers on other machines. kind: its name in the leases."""

    kind: str

    def start(self, lease: Lease, token: str) -> Handle:
        """Start the worker of an attempt.

        Raises:
            OSError: it cannot be started.
        """
        ...

    def find(self, lease: Lease) -> Handle:
        """The handle of a worker that an earlier server started."""
        ...

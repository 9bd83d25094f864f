"""Starts workers on other machines, by the launcher that the settings name."""

from __future__ import annotations

from pathlib import Path

from ...remote.leases import Leases
from ...settings import Settings
from ..process import script_of
from .command import CommandLauncher
from .handle import Handle, WorkerLauncher
from .worker import RemoteWorker, new_worker


class RemoteStarter:
    """The launcher's way to machines that are not this one."""

    def __init__(self, settings: Settings, leases: Leases) -> None:
        self._settings = settings
        self._leases = leases
        command = CommandLauncher(settings, leases)
        # Each of them, as an earlier server may have used another one.
        self._launchers: dict[str, WorkerLauncher] = {command.kind: command}
        self._used: WorkerLauncher | None = command if settings.launcher else None

    def takes(self, directory: Path) -> bool:
        """Whether a run is started elsewhere: one of a task. A script's files are here."""
        return self._used is not None and script_of(directory) is None

    def known(self, run_id: int, attempt: int) -> RemoteWorker | None:
        """The worker of an attempt that was started elsewhere, also by an earlier server."""
        lease = self._leases.find(run_id, attempt)
        if lease is None:
            return None
        handle: Handle = self._launchers[lease.launcher].find(lease)
        return new_worker(lease, self._leases, handle, self._settings.lost_after_s)

    def start(self, run_id: int, attempt: int) -> RemoteWorker:
        """Start the worker of an attempt.

        Raises:
            OSError: it cannot be started, or the disk is full.
        """
        assert self._used is not None
        token = self._leases.issue(run_id, attempt, self._used.kind)
        lease = self._leases.find(run_id, attempt)
        assert lease is not None
        try:
            handle = self._used.start(lease, token)
        except BaseException:
            self._leases.end(lease)
            raise
        return new_worker(lease, self._leases, handle, self._settings.lost_after_s)

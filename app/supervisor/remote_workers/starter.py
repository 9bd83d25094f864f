"""Starts workers on other machines, by the launcher that the settings name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ...remote.leases import Leases
from ...settings import Settings
from ..process import script_of
from .command import CommandLauncher
from .handle import WorkerLauncher
from .ray_cluster.cluster import RayCluster
from .ray_cluster.launcher import RayLauncher
from .worker import RemoteWorker, new_worker


class RemoteStarter:
    """The launcher's way to machines that are not this one."""

    def __init__(
        self, settings: Settings, leases: Leases, on_change: Callable[[], None] = lambda: None
    ) -> None:
        """on_change: called when a worker may have ended, or there may be room for another one."""
        self._settings = settings
        self._leases = leases
        self._cluster = RayCluster(settings, on_change) if settings.ray else None
        command, ray = CommandLauncher(settings, leases), RayLauncher(settings, self._cluster)
        # Each of them, as an earlier server may have used another one.
        self._launchers: dict[str, WorkerLauncher] = {command.kind: command, ray.kind: ray}
        self._used: WorkerLauncher | None = command if settings.launcher else None
        if settings.ray:
            self._used = ray

    def connect(self) -> None:
        """Connect to what starts the workers.

        Raises:
            UnusableCluster: it cannot be used.
        """
        if self._cluster is not None:
            self._cluster.connect()

    def close(self) -> None:
        """End the connection; workers continue."""
        if self._cluster is not None:
            self._cluster.close()

    def slots(self) -> int:
        """How many runs train at the same time: what the settings say, or else the cluster has."""
        is_said = "parallel" in self._settings.model_fields_set
        if self._cluster is None or is_said:
            return self._settings.parallel
        return self._cluster.slots()

    def takes(self, directory: Path) -> bool:
        """Whether a run is started elsewhere: one of a task. A script's files are here."""
        return self._used is not None and script_of(directory) is None

    def known(self, run_id: int, attempt: int) -> RemoteWorker | None:
        """The worker of an attempt that was started elsewhere, also by an earlier server."""
        lease = self._leases.find(run_id, attempt)
        if lease is None:
            return None
        handle = self._launchers[lease.launcher].find(lease)
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

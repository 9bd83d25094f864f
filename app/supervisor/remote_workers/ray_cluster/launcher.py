"""Starts each worker as a named actor of a Ray cluster."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from ....remote.leases import Lease
from ....remote.template import last_words, told
from ....settings import Settings
from .cluster import Actor, RayCluster

PASSED_ON = ("BABYSIT_WORKER_PLAIN",)  # what the server's owner says of the network


class RayLauncher:
    """cluster: None if the settings name none; then only the leases tell of earlier workers."""

    kind = "ray"

    def __init__(self, settings: Settings, cluster: RayCluster | None) -> None:
        self._settings, self._cluster = settings, cluster
        self._data_dir = identify(settings.data_dir)

    def start(self, lease: Lease, token: str) -> RayHandle:
        assert self._cluster is not None
        line, _ = told(self._settings.url_of_workers, lease.run_id, lease.attempt, token)
        variables = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        name = self._name(lease)
        actor = self._cluster.start(name, line.decode().strip(), variables)
        return RayHandle(lease, name, self._cluster, actor, is_ours=True)

    def find(self, lease: Lease) -> RayHandle:
        name = self._name(lease)
        actor = None if self._cluster is None else self._cluster.follow(name)
        return RayHandle(lease, name, self._cluster, actor)

    def _name(self, lease: Lease) -> str:
        return f"babysit-{self._data_dir}-{lease.run_id}-{lease.attempt}"


def identify(data_dir: Path) -> str:
    """Tells the actors of this data directory from those of others, and of copies of it."""
    return hashlib.sha256(f"{socket.gethostname()}:{data_dir}".encode()).hexdigest()[:12]


@dataclass(slots=True)
class RayHandle:
    """An actor by its name. Ray's word counts only for its end, and the lease decides."""

    lease: Lease
    name: str
    cluster: RayCluster | None
    actor: Actor | None
    is_ours: bool = False

    @property
    def was_started(self) -> bool:
        return self.is_ours or (self.actor is not None and self.actor.has_begun)

    def is_running(self) -> bool:
        return self.actor is not None and not self.actor.is_over

    def has_failed(self) -> bool:
        return self.actor is not None and self.actor.is_over and self.actor.code != 0

    def why(self) -> str:
        actor = self.actor
        if actor is None:
            return "The worker was started by Ray, which this server does not use."
        if actor.code is None:
            return f"The Ray actor {self.name} ended without a worker: {actor.why}"
        words = last_words(actor.words.encode(), self.lease.token_sha256)
        said = f": {words}" if words else "."
        return f"The worker on Ray exited with code {actor.code} before it began{said}"

    def send_signal(self, number: signal.Signals) -> bool:
        if self.cluster is None or not self.is_running():
            return False
        if self.lease.has_begun and number != signal.SIGKILL:
            self.cluster.send_signal(self.name, int(number))
        else:
            self.cluster.kill(self.name)
            if self.actor is not None:
                self.actor.is_over, self.actor.why = True, "It was asked to stop."
        return True

    def end(self) -> None:
        if self.cluster is not None:
            self.cluster.kill(self.name)

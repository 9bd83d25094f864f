"""A Ray cluster, as the process that is connected to it tells."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import logging
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ....child_process import child_environment, python_module
from ....remote.resources import slots_of
from ....settings import Settings

log = logging.getLogger(__name__)

READY_WITHIN_S = 180.0
AGAIN_AFTER_S = 5.0  # the connection is lost
ENDED_WITHIN_S = 2.0
NOT_INSTALLED = "--ray needs the package ray, which is not installed: pip install 'babysit[ray]'"


class UnusableCluster(Exception):
    """The Ray cluster of the settings cannot be used; the message says why."""


@dataclass(slots=True)
class Actor:
    """What is known of an actor.

    request: to be sent again if it was not answered. has_begun: the cluster has it, or had it.
    code, words: how its worker's process ended. why: why there is no actor any more.
    """

    request: dict[str, Any]
    has_begun: bool = False
    is_over: bool = False
    code: int | None = None
    words: str = ""
    why: str = ""


@dataclass(slots=True)
class _Connection:
    process: subprocess.Popen[str]
    is_first: bool
    refused: str = ""
    ready: threading.Event = field(default_factory=threading.Event)


class RayCluster:
    """Thread-safe. on_change: called when an actor has ended, or the nodes have changed."""

    def __init__(self, settings: Settings, on_change: Callable[[], None]) -> None:
        self._settings, self._on_change = settings, on_change
        self._actors: dict[str, Actor] = {}
        self._nodes: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._connection: _Connection | None = None

    def connect(self) -> None:
        """Connect, and see that the nodes fit; then stay connected.

        Raises:
            UnusableCluster: Ray is not installed, there is no such cluster, or a node does not fit.
        """
        if importlib.util.find_spec("ray") is None:
            raise UnusableCluster(NOT_INSTALLED)
        connection = self._open()
        threading.Thread(target=self._read, args=(connection,), name="ray", daemon=True).start()
        is_said = connection.ready.wait(READY_WITHIN_S)
        if connection.refused or not is_said:
            self.close()
            raise UnusableCluster(connection.refused or "The Ray cluster does not answer.")

    def close(self) -> None:
        """End the connection; the actors go on."""
        self._closing.set()
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.process.stdin.close()  # type: ignore[union-attr]
            with contextlib.suppress(subprocess.TimeoutExpired):
                connection.process.wait(ENDED_WITHIN_S)
            connection.process.kill()

    # -- actors

    def start(self, name: str, line: str, variables: dict[str, str]) -> Actor:
        """Ask for an actor with the resources of the settings."""
        resources = self._settings.resources_of_workers
        return self._ask(
            name, {"do": "start", "line": line, "env": variables, "resources": resources}
        )

    def follow(self, name: str) -> Actor:
        """What is known of an actor, which an earlier server may have started."""
        with self._lock:
            known = self._actors.get(name)
        return known or self._ask(name, {"do": "follow"})

    def send_signal(self, name: str, number: int) -> None:
        self._send({"do": "signal", "name": name, "number": number})

    def kill(self, name: str) -> None:
        """End an actor, or its waiting for resources, and forget it."""
        with self._lock:
            self._actors.pop(name, None)
        self._send({"do": "kill", "name": name})

    def slots(self) -> int:
        """How many workers fit on its nodes, if nothing else runs there."""
        with self._lock:
            nodes = [node["resources"] for node in self._nodes]
        return slots_of(nodes, self._settings.resources_of_workers)

    def _ask(self, name: str, request: dict[str, Any]) -> Actor:
        actor = Actor({**request, "name": name})
        with self._lock:
            self._actors[name] = actor
        self._send(actor.request)
        return actor

    # -- the process that is connected

    def _open(self) -> _Connection:
        with (self._settings.data_dir / "ray.log").open("ab") as errors:
            process = subprocess.Popen(
                python_module("babysit.remote.ray_cluster"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=child_environment() | {"RAY_USAGE_STATS_ENABLED": "0"},
                start_new_session=True,
                text=True,
            )
        self._connection = connection = _Connection(process, is_first=self._connection is None)
        self._send({"address": self._settings.ray, "url": self._settings.url_of_workers})
        return connection

    def _send(self, request: dict[str, Any]) -> None:
        """What cannot be sent now is asked again when there is a connection again."""
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(OSError, ValueError), self._lock:
                connection.process.stdin.write(json.dumps(request) + "\n")  # type: ignore[union-attr]
                connection.process.stdin.flush()  # type: ignore[union-attr]

    def _read(self, connection: _Connection) -> None:
        while True:
            for line in connection.process.stdout:  # type: ignore[union-attr]
                self._take(connection, json.loads(line))
            connection.process.wait()
            has_been_ready = connection.ready.is_set()
            connection.ready.set()
            if not has_been_ready and connection.is_first:
                return
            if not self._is_wanted_again(connection):
                return
            connection = self._open()
            with self._lock:
                left = [actor.request for actor in self._actors.values() if not actor.is_over]
            for request in left:
                self._send(request)

    def _is_wanted_again(self, connection: _Connection) -> bool:
        with self._lock:
            self._nodes = []
        if not self._closing.is_set():
            log.warning("no connection to Ray: %s", connection.refused or "see ray.log")
        return not self._closing.wait(AGAIN_AFTER_S)

    def _take(self, connection: _Connection, event: dict[str, Any]) -> None:
        match event["event"]:
            case "refused":
                connection.refused = str(event["why"])
            case "nodes":
                with self._lock:
                    self._nodes = event["nodes"]
                connection.ready.set()
                self._on_change()
            case _:
                with self._lock:
                    actor = self._actors.get(event["name"])
                if actor is not None:
                    _note(actor, event)
                    self._on_change()


def _note(actor: Actor, event: dict[str, Any]) -> None:
    match event["event"]:
        case "started":
            actor.has_begun = True
            actor.request = {"do": "follow", "name": actor.request["name"]}
        case "ended":
            actor.code, actor.words = int(event["code"]), str(event["words"])
            actor.has_begun = actor.is_over = True
        case "gone":
            actor.why, actor.is_over = str(event["why"]), True

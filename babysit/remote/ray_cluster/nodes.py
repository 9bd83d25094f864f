"""What the nodes of a cluster are, and whether each can run workers of this server."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from typing import Any

from babysit import __version__

CHECKED_WITHIN_S = 120.0  # a process on each node


class UnfitNode(Exception):
    """A node cannot run workers of this server; the message names it."""


@dataclass(frozen=True, slots=True)
class Node:
    """One machine, or one part of it, as Ray counts it. resources: all, and those that are free."""

    id: str
    name: str
    resources: dict[str, float] = field(default_factory=dict)


def nodes_of(listed: list[dict[str, Any]]) -> list[Node]:
    """The living nodes of what `ray.nodes()` lists."""
    return [
        Node(node["NodeID"], name_of(node), dict(node["Resources"]))
        for node in listed
        if node["Alive"]
    ]


def name_of(node: dict[str, Any]) -> str:
    """The name that `ray start --node-name` gave, or else that of the machine."""
    given = node.get("NodeName")
    is_given = given and given != node["NodeManagerAddress"]
    return str(given if is_given else node["NodeManagerHostname"])


def check_nodes(nodes: list[Node], url: str) -> None:
    """Compare the versions of all nodes with these, and let each of them reach the server.

    Raises:
        UnfitNode: one differs, or cannot be asked.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    ask = ray.remote(_by_value(describe))
    asked = {
        node.name: ask.options(
            num_cpus=0,
            max_retries=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node.id, soft=False),
        ).remote(url)
        for node in nodes
    }
    for name, answer in asked.items():
        try:
            check(name, ray.get(answer, timeout=CHECKED_WITHIN_S), url)
        except ray.exceptions.RayError as error:
            words = str(error).strip().splitlines()[-1:] or [type(error).__name__]
            raise UnfitNode(f"The node {name} cannot be asked what it has: {words[0]}") from error


def check(name: str, said: dict[str, str], url: str) -> None:
    """Compare what a node says of itself with this machine.

    Raises:
        UnfitNode: it differs.
    """
    python = platform.python_version()
    if said["python"] != python:
        raise UnfitNode(
            f"The node {name} has Python {said['python']}, this server {python}: use the same "
            "version on both."
        )
    if not said["babysit"]:
        raise UnfitNode(
            f"Babysit is not installed on the node {name} for {said['executable']}: "
            f"pip install babysit=={__version__}"
        )
    if said["babysit"] != __version__:
        raise UnfitNode(
            f"The node {name} has Babysit {said['babysit']}, this server {__version__}: install "
            "the same version on both."
        )
    if said["unreachable"]:
        raise UnfitNode(
            f"The node {name} cannot reach the server at {url} ({said['unreachable']}). Set "
            "BABYSIT_WORKER_URL to an address at which it can."
        )


def describe(url: str) -> dict[str, str]:
    """What a node has. It runs there, also where no Babysit is, and so uses nothing of it."""
    import importlib.util
    import platform
    import socket
    import sys
    from urllib.parse import urlsplit

    version, unreachable = "", ""
    if importlib.util.find_spec("babysit") is not None:
        version = str(importlib.import_module("babysit").__version__)
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname, port), timeout=5).close()
    except OSError as error:
        unreachable = error.strerror or type(error).__name__
    return {
        "python": platform.python_version(),
        "babysit": version,
        "executable": sys.executable,
        "unreachable": unreachable,
    }


def _by_value(function: Any) -> Any:
    """A copy of a function that Ray sends as code, not by the name of its module."""
    import types

    return types.FunctionType(function.__code__, {"__name__": "__main__"}, function.__name__)

"""The server's connection to a Ray cluster, in a process of its own.

Ray ends the process of a driver whose cluster is gone; so the server is none. Requests come as
lines of JSON on the standard input, what happens goes out as lines on the standard output. It
ends with its input; the actors do not.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from babysit.remote.ray_cluster.nodes import Node, UnfitNode, check_nodes, nodes_of

NAMESPACE = "babysit"
RETRY_S = 2.0  # to ask an actor that cannot be reached
NODES_EVERY_S = 3.0
REACHED_WITHIN_S = 10.0

Say = Callable[..., None]


class Bridge:
    """Starts actors and follows them. One thread, but for Ray's own."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._tasks: set[asyncio.Task[None]] = set()
        self._nodes: list[Node] = []

    def do(self, asked: dict[str, Any]) -> None:
        """Carry out a request: start, follow, signal or kill."""
        name = str(asked["name"])
        match asked["do"]:
            case "start":
                self._begin(self._start(name, asked))
            case "follow":
                self._begin(self._follow(name, None))
            case "signal":
                self._signal(name, int(asked["number"]))
            case "kill":
                self._kill(name)

    def _begin(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _start(self, name: str, asked: dict[str, Any]) -> None:
        import ray

        from babysit.remote.ray_cluster.actor import WorkerActor

        resources = dict(asked["resources"])
        options = {
            "name": name,
            "namespace": NAMESPACE,
            "lifetime": "detached",
            "max_restarts": 0,
            "num_cpus": resources.pop("CPU", 0),
            "num_gpus": resources.pop("GPU", 0),
            "resources": resources,
        }
        try:
            actor = ray.remote(WorkerActor).options(**options).remote(asked["line"], asked["env"])
        except ValueError as error:
            actor = _find(name)  # an earlier bridge has started it, but could not say so
            if actor is None:
                self._say(event="gone", name=name, why=_words(error))
                return
        await self._follow(name, actor)

    async def _follow(self, name: str, actor: Any) -> None:
        """Say how the worker of an actor ends. An actor that cannot be asked just now is not over:
        only Ray's own record of it is taken for its end.
        """
        from ray.exceptions import ActorDiedError, ActorUnavailableError, RayError

        is_told = False
        why = "There is no such actor."
        while True:
            try:
                actor = actor or _find(name)
                if actor is None:
                    self._say(event="gone", name=name, why=why)
                    return
                if not is_told:
                    self._say(event="started", name=name)
                    is_told = True
                code, words = await actor.wait.remote()
                self._say(event="ended", name=name, code=code, words=words)
                self._kill(name)  # its resources are free the sooner
                return
            except ActorUnavailableError:
                pass
            except ActorDiedError as error:
                why = _words(error)
            except (RayError, OSError, RuntimeError) as error:
                sys.stderr.write(f"{name}: {_words(error)}\n")
            actor = None
            await asyncio.sleep(RETRY_S)

    def _signal(self, name: str, number: int) -> None:
        actor = _find(name)
        if actor is not None:
            actor.send_signal.remote(number)

    def _kill(self, name: str) -> None:
        import ray

        actor = _find(name)
        if actor is not None:
            ray.kill(actor)

    async def tell_nodes(self) -> None:
        """Say what the cluster consists of, whenever it changes."""
        import ray

        while True:
            nodes = nodes_of(ray.nodes())
            if nodes != self._nodes:
                self._nodes = nodes
                self._say(event="nodes", nodes=[asdict(node) for node in nodes])
            await asyncio.sleep(NODES_EVERY_S)


def _find(name: str) -> Any:
    """An actor that has not ended, or None."""
    import ray

    try:
        return ray.get_actor(name, namespace=NAMESPACE)
    except ValueError:
        return None


def _words(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[-1:]) or type(error).__name__


def reach(address: str) -> None:
    """See whether anything listens there: Ray itself would try for minutes.

    Raises:
        OSError: nothing does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=REACHED_WITHIN_S).close()


def connect(address: str, url: str) -> None:
    """Connect to a cluster, and see that its nodes fit.

    Raises:
        UnfitNode: one does not.
        ConnectionError, RuntimeError, ValueError, ImportError: there is no such cluster, or its
            Ray or its Python is another one.
    """
    reach(address)
    import ray

    ray.init(
        address=address,
        namespace=NAMESPACE,
        configure_logging=False,
        log_to_driver=False,
    )
    check_nodes(nodes_of(ray.nodes()), url)


async def serve(say: Say) -> None:
    """Carry out requests until the input ends."""
    bridge, loop = Bridge(say), asyncio.get_running_loop()
    requests: asyncio.Queue[str] = asyncio.Queue()

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(requests.put_nowait, line)
        os._exit(0)  # the server has ended; there is nothing to be kept

    threading.Thread(target=read, daemon=True).start()
    telling = asyncio.create_task(bridge.tell_nodes())  # the first time at once
    while not telling.done():
        getting = asyncio.ensure_future(requests.get())
        await asyncio.wait((getting, telling), return_when=asyncio.FIRST_COMPLETED)
        if getting.done():
            bridge.do(json.loads(getting.result()))
    telling.result()  # raises why the cluster is not there any more


def main() -> int:
    """Entry point. Returns: the exit code."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what Ray prints is no line of ours
    lock = threading.Lock()

    def say(**event: Any) -> None:
        with lock:
            out.write(json.dumps(event) + "\n")

    asked = json.loads(sys.stdin.readline())
    try:
        connect(asked["address"], asked["url"])
    except UnfitNode as error:
        say(event="refused", why=str(error))
        return os.EX_CONFIG
    except (OSError, RuntimeError, ValueError, ImportError) as error:
        say(event="refused", why=f"No Ray cluster at {asked['address']}: {_words(error)}")
        return os.EX_CONFIG
    asyncio.run(serve(say))
    return 0


if __name__ == "__main__":
    os._exit(main())

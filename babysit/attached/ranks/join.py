"""How the processes of one training find each other, when the script calls `attach` in each."""

from __future__ import annotations

import ctypes
import os
import secrets
import signal
import sys
from dataclasses import dataclass
from typing import Any

import torch
from torch import distributed as dist

from babysit.attached.ranks.channel import Connection, Leader, gather_others, join_leader, listen
from babysit.attached.state.seeding import derived_seed

LOCAL = "127.0.0.1"
PR_SET_PDEATHSIG = 1  # of prctl(2)


@dataclass(frozen=True, slots=True)
class Ranks:
    """This process among those that train together. seeds: of torch, by rank."""

    rank: int
    count: int
    seeds: list[int]

    def seed(self, of_run: int) -> int:
        """Ranks that the script seeds alike draw the order of their data alike."""
        is_alike = self.seeds[self.rank] == self.seeds[0]
        return of_run if is_alike else derived_seed(of_run, self.rank)


def ranks_of_process() -> Ranks | None:
    """None: this process trains alone.

    Raises:
        RuntimeError: the script has not made its process group yet.
    """
    started_with_others = int(os.environ.get("WORLD_SIZE", "1")) > 1
    if not (dist.is_available() and dist.is_initialized()):
        if started_with_others:
            raise RuntimeError("call babysit.attach after torch.distributed.init_process_group")
        return None
    count = dist.get_world_size()
    if count == 1:
        return None
    seeds: list[Any] = [None] * count
    dist.all_gather_object(seeds, torch.initial_seed())
    return Ranks(dist.get_rank(), count, seeds)


def lead(ranks: Ranks, say: dict[str, Any]) -> Leader:
    """As the first rank: tell the others where to come to, and what the run is.

    Raises:
        OSError: they do not come.
    """
    host = LOCAL if ranks.count == _local_count() else os.environ.get("MASTER_ADDR", LOCAL)
    server, secret = listen("" if host != LOCAL else host), secrets.token_bytes(32)
    _broadcast({**say, "address": (host, server.getsockname()[1]), "secret": secret})
    return gather_others(server, secret, ranks.count - 1)


def say_unrecorded() -> None:
    """As the first rank, if nothing can be recorded."""
    _broadcast(None)


def hear() -> dict[str, Any]:
    """As another rank: what the first one tells.

    Raises:
        RuntimeError: it does not record.
    """
    said: dict[str, Any] | None = _broadcast(None)
    if said is None:
        raise RuntimeError("the first rank does not record")
    return said


def follow(ranks: Ranks, said: dict[str, Any]) -> Connection:
    """As another rank: go to the first one."""
    _wait_at_first_sigterm()
    return join_leader(said["address"], said["secret"], ranks.rank)


def end_with_parent() -> int:
    """Let this process die with the one that started it and holds the run. Returns: that one."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    return os.getppid()


def _local_count() -> int:
    """How many of the processes are on this machine; without torchrun all are."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", dist.get_world_size()))


def _broadcast(value: Any) -> Any:
    held = [value]
    dist.broadcast_object_list(held, src=0)
    return held[0]


def _wait_at_first_sigterm() -> None:
    """The first rank ends the loops of all; a second signal ends this process at once."""
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return

    def note(number: int, frame: Any) -> None:
        signal.signal(number, signal.SIG_DFL)

    try:
        signal.signal(signal.SIGTERM, note)
    except ValueError:  # not the main thread
        return

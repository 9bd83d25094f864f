"""A cluster, where Ray is: `make ray` installs it."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import select
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.live_server import MARK, end_marked

STARTED_WITHIN_S = 240
TRIES = 4


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out what cannot run in this environment; scripts/check.sh runs it in another."""
    if importlib.util.find_spec("ray") is not None:
        return
    without = [item for item in items if item.get_closest_marker("ray")]
    items[:] = [item for item in items if item not in without]
    config.hook.pytest_deselected(items=without)


@dataclass(frozen=True)
class TwoNodes:
    """raylets: the process of each node by its name, `first` and `second`."""

    address: str
    raylets: dict[str, int]

    def kill(self, name: str) -> None:
        """As if a node had lost its power, but for what should end with the actors by itself."""
        raylet = self.raylets[name]
        os.kill(raylet, signal.SIGSTOP)  # so that it starts nothing meanwhile
        for pid in [*children_of(raylet), raylet]:
            os.kill(pid, signal.SIGKILL)


def children_of(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            if int(path.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(path.parent.name))
    return found


@pytest.fixture(scope="module")
def cluster() -> Iterator[TwoNodes]:
    for _ in range(TRIES - 1):
        with contextlib.suppress(DidNotStart), started() as made:
            yield made
            return
    with started() as made:
        yield made


class DidNotStart(Exception):
    """A node ended: Ray gives its helpers 15 s to start, which a busy machine may not do."""


@contextlib.contextmanager
def started() -> Iterator[TwoNodes]:
    mark = uuid.uuid4().hex
    process = subprocess.Popen(
        ["env", f"{MARK}={mark}", sys.executable, "-m", "scripts.ray_cluster"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        is_there = select.select([process.stdout], [], [], STARTED_WITHIN_S)[0]
        said = process.stdout.readline() if is_there else b""
        if not said:
            raise DidNotStart
        yield TwoNodes(**json.loads(said))
    finally:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()
        end_marked(mark)

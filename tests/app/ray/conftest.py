"""A cluster, where Ray is: `make ray` installs it."""

from __future__ import annotations

import importlib.util
import json
import select
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.live_server import MARK, end_marked

STARTED_WITHIN_S = 400
CLUSTER_MARK = "ray-cluster-of-the-tests"


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


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoNodes]:
    process = subprocess.Popen(
        ["env", f"{MARK}={CLUSTER_MARK}", sys.executable, "-m", "scripts.ray_cluster"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        is_there = select.select([process.stdout], [], [], STARTED_WITHIN_S)[0]
        said = process.stdout.readline() if is_there else b""
        assert said, "the cluster did not start"
        yield TwoNodes(**json.loads(said))
    finally:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()
        end_marked(CLUSTER_MARK)

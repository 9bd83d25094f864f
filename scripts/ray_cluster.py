"""A Ray cluster of two nodes on this machine, of one CPU each: `python -m scripts.ray_cluster`.

It prints its address and the processes of its nodes as one line of JSON, and ends with its input.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator

NODES = ("first", "second")  # the first one is the head
PATIENCE = {"RAY_raylet_start_wait_time_s": "60", "RAY_agent_register_timeout_ms": "60000"}


@contextlib.contextmanager
def two_nodes() -> Iterator[tuple[str, dict[str, int]]]:
    """The address of a cluster, and the process of each of its nodes by name."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
    for secret in ("BABYSIT_TOKEN", "BABYSIT_DATABASE_URL"):
        os.environ.pop(secret, None)  # workers inherit this environment
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    try:
        nodes = {name: cluster.add_node(num_cpus=1, node_name=name) for name in NODES}
        raylets = {
            name: int(node.all_processes["raylet"][0].process.pid) for name, node in nodes.items()
        }
        yield cluster.address, raylets
    finally:
        cluster.shutdown()


def main() -> None:
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Ray prints, too
    with two_nodes() as (address, raylets):
        out.write(json.dumps({"address": address, "raylets": raylets}) + "\n")
        out.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()

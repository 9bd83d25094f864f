"""What it costs to fork a process that has torch loaded, before and after it uses huge pages.

`python benchmarks/forks.py [--forks 100]` loads what the fork server loads, and forks children that
do
nothing but end: processor time of the fork in the parent, and of the whole life of the child.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from babysit.forkserver.huge_pages import use_huge_pages
from babysit.forkserver.warm_up import load, warm_up


def forked_ms() -> tuple[float, float]:
    """Milliseconds of the parent and of the child, for one fork."""
    began = time.process_time()
    child = os.fork()
    if child == 0:
        os._exit(0)
    forked = time.process_time() - began
    _, _, used = os.wait4(child, 0)
    return forked * 1e3, (used.ru_utime + used.ru_stime) * 1e3


def say(what: str, forks: int) -> None:
    parents, children = zip(*(forked_ms() for _ in range(forks)), strict=True)
    parent, child = statistics.median(parents), statistics.median(children)
    print(f"{what}: fork {parent:.1f} ms, its child {child:.1f} ms, {parent + child:.1f} ms in all")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forks", type=int, default=100)
    forks = parser.parse_args().forks
    warm_up()
    for module in ("sklearn.datasets", "sklearn.model_selection"):
        load(module)
    say("small pages", forks)
    began = time.perf_counter()
    gathered = use_huge_pages()
    took_s = time.perf_counter() - began
    say(f"huge pages, {gathered / 2**20:.0f} MiB gathered in {took_s:.1f} s", forks)


if __name__ == "__main__":
    main()

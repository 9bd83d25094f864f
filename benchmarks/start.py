"""What a new worker does until it trains, in processor time.

`python benchmarks/start.py [--times 20] [--task digits]` does what the fork server does, without a
server: it imports, forks a process that waits for a run, and lets it begin. `benchmarks/latency.py`
measures the whole way, in time that passes; that depends on what else the machine does.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import struct
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from babysit.forkserver.huge_pages import use_huge_pages
from babysit.forkserver.prefork import wait_for_assignment
from babysit.forkserver.warm_up import load, warm_up
from babysit.worker import __main__ as worker
from babysit.worker.session import TrainingSession
from benchmarks.latency import served, start

MEASURED = struct.Struct("dd")


def used_s() -> float:
    """Processor time of this process up to now, with the kernel's work for it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def worker_s(run_directory: Path) -> tuple[float, float]:
    """Processor time and time passed from the assignment of a run until its first step."""
    answers, answering = os.pipe()
    requests, requesting = os.pipe()
    pid = os.fork()
    if pid == 0:
        work = worker.work
        announce = worker.announce_start

        def begin(run_directory: Path, attempt: int, *, may_retry: bool = False) -> int:
            began_s, used_before_s = time.perf_counter(), used_s()

            def announced(session: TrainingSession) -> None:
                announce(session)
                passed_s = time.perf_counter() - began_s
                os.write(answering, MEASURED.pack(used_s() - used_before_s, passed_s))
                os._exit(0)

            worker.announce_start = announced
            return work(run_directory, attempt, may_retry=may_retry)

        worker.work = begin
        wait_for_assignment(requests)
        os._exit(1)
    time.sleep(0.3)  # as between two starts: it is ready when the request comes
    os.write(
        requesting,
        f'{{"run_directory": "{run_directory}", "attempt": 1, "may_retry": false}}\n'.encode(),
    )
    os.waitpid(pid, 0)
    measured = MEASURED.unpack(os.read(answers, MEASURED.size))
    for fd in (answers, answering, requests, requesting):
        os.close(fd)
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--task", default="digits")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with served(folder) as web:
            made = Path(folder, "runs", str(start(web, 1, arguments.task)))
        warm_up()
        for module in ("sklearn.datasets", "sklearn.model_selection"):
            load(module)
        use_huge_pages()
        found = []
        for number in range(arguments.times):
            directory = Path(folder, "new", str(number))
            directory.mkdir(parents=True)
            for name in ("run.json", "server.journal"):
                shutil.copy(made / name, directory)
            found.append(worker_s(directory))
    used, passed = (statistics.median(column) * 1000 for column in zip(*found, strict=True))
    print(f"a worker until its first step: median {used:.0f} ms of processor time, {passed:.0f} ms")


if __name__ == "__main__":
    main()

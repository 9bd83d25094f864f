"""`babysit slurm`: the command of `BABYSIT_LAUNCHER` that makes each worker a Slurm job.

It stays as long as its attempt does. A job that was preempted is requeued with the same id; the
command of the next attempt finds it and gives it the new token.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

from babysit.remote.__main__ import read_access
from babysit.remote.connection import Access
from babysit.slurm.clusters import CLUSTERS, Cluster
from babysit.slurm.job import WorkerJob
from babysit.slurm.job_folder import JobFolder

FOLDER = Path("~/.cache/babysit/slurm")
CANCELLED_AFTER_S = 5.0  # the end of an attempt is known here before its job has ended


def main(arguments: list[str] | None = None) -> int:
    """Entry point. Returns: the exit code."""
    parser = argparse.ArgumentParser(
        prog="babysit slurm", description="Work on one run in a Slurm job, by submitit."
    )
    parser.add_argument(
        "parameters",
        nargs="*",
        metavar="NAME=VALUE",
        help="of the job, as submitit calls them: timeout_min=480 slurm_partition=gpu",
    )
    parser.add_argument("--cluster", choices=tuple(CLUSTERS), default="slurm")
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help="which the jobs see, too (default: %(default)s)"
    )
    parser.add_argument("--dir", type=Path, help="where a worker keeps its files meanwhile")
    parsed = parser.parse_args(arguments)
    try:
        parameters = read_parameters(parsed.parameters)
        access = read_access()
        folder = JobFolder(parsed.folder.expanduser().absolute(), access.url, access.run)
        folder.make()
        may_be_plain = os.environ.get("BABYSIT_WORKER_PLAIN") == "1"
        job = WorkerJob(folder, parsed.dir, may_be_plain=may_be_plain)
        cluster = CLUSTERS[parsed.cluster](folder.path)
        job_id = place(cluster, folder, access, job, parameters)
    except ImportError as error:
        if error.name != "submitit":
            raise
        return _fail("submitit is not installed: pip install 'babysit[slurm]'")
    except (ValueError, RuntimeError, OSError) as error:
        return _fail(str(error))
    sys.stderr.write(f"babysit slurm: job {job_id}\n")
    return follow(cluster, folder, access, job_id)


def read_parameters(words: list[str]) -> dict[str, int | str]:
    """Name -> value; a whole number is one.

    Raises:
        ValueError: a word is not like name=value.
    """
    found: dict[str, int | str] = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name.isidentifier():
            raise ValueError(f"{word} must be like timeout_min=480")
        found[name] = int(value) if value.isdecimal() else value
    return found


def place(
    cluster: Cluster,
    folder: JobFolder,
    access: Access,
    job: WorkerJob,
    parameters: dict[str, int | str],
) -> str:
    """Give the attempt to the job that the one before was preempted in, or to a new one."""
    waiting = folder.left_by(access.attempt - 1)
    is_there = waiting is not None and not cluster.is_done(waiting)
    folder.give_access(access)
    return waiting if waiting is not None and is_there else cluster.submit(job, parameters)


def follow(cluster: Cluster, folder: JobFolder, access: Access, job_id: str) -> int:
    """Wait for the end of the job, or of its attempt. SIGTERM: the attempt has ended."""

    def end(number: int, frame: FrameType | None) -> NoReturn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        has_begun = folder.is_access_taken
        deadline_s = time.monotonic() + (CANCELLED_AFTER_S if has_begun else 0.0)
        while folder.left_by(access.attempt) is None:  # else it is requeued, and wanted
            if cluster.is_done(job_id):
                break
            if time.monotonic() >= deadline_s:
                cluster.cancel(job_id)
                break
            time.sleep(0.1)  # the job writes a file, and no event crosses a shared disk
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    while not cluster.is_done(job_id):
        time.sleep(cluster.look_every_s)  # Slurm has only the command that asks
    return 0 if folder.is_access_taken else _fail(f"job {job_id} ended before it began")


def _fail(why: str) -> int:
    sys.stderr.write(f"babysit slurm: {why}\n")
    return os.EX_CONFIG


if __name__ == "__main__":
    sys.exit(main())

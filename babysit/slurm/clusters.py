"""Submits jobs by submitit, looks after them and cancels them, by their ids."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from babysit.storage.process_identity import identity_of, is_alive

if TYPE_CHECKING:
    from babysit.slurm.job import WorkerJob

REQUEUES_MAX = 10_000  # of one job, after its time limit


class Cluster(Protocol):
    """Where jobs run. A job has an id, which is good in every process."""

    look_every_s: float

    def submit(self, job: WorkerJob, parameters: Mapping[str, Any]) -> str:
        """The id of a new job.

        Raises:
            RuntimeError, ValueError, OSError: it cannot be submitted.
        """
        ...

    def is_done(self, job_id: str) -> bool:
        """Whether it has ended, and is not requeued."""
        ...

    def cancel(self, job_id: str) -> None: ...


class SlurmCluster:
    """The one that `sbatch` submits to."""

    look_every_s = 10.0

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def submit(self, job: WorkerJob, parameters: Mapping[str, Any]) -> str:
        return str(_executor("slurm", self._folder, parameters).submit(job).job_id)

    def is_done(self, job_id: str) -> bool:
        return bool(self._job(job_id).done(force_check=True))

    def cancel(self, job_id: str) -> None:
        self._job(job_id).cancel(check=False)

    def _job(self, job_id: str) -> Any:
        from submitit import SlurmJob

        return SlurmJob(self._folder, job_id)


class LocalCluster:
    """Processes of this machine, as submitit plays them: to try it out without Slurm."""

    look_every_s = 0.2

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def submit(self, job: WorkerJob, parameters: Mapping[str, Any]) -> str:
        """In a session of its own, so that it outlives what submits it."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.setsid()
                submitted = _executor("local", self._folder, parameters).submit(job)
                os.write(writing, str(submitted.job_id).encode())
            except BaseException:
                sys.excepthook(*sys.exc_info())
            finally:
                os._exit(0)
        os.close(writing)
        with open(reading, "rb") as file:
            job_id = file.read().decode()
        os.waitpid(child, 0)
        if not job_id:
            raise RuntimeError("submitit could not start a local job")
        return job_id

    def is_done(self, job_id: str) -> bool:
        try:
            return not is_alive(identity_of(int(job_id)))
        except OSError:
            return True

    def cancel(self, job_id: str) -> None:
        with contextlib.suppress(OSError):
            os.killpg(int(job_id), signal.SIGKILL)


CLUSTERS: dict[str, Callable[[Path], Cluster]] = {"slurm": SlurmCluster, "local": LocalCluster}


def _executor(cluster: str, folder: Path, parameters: Mapping[str, Any]) -> Any:
    from submitit import AutoExecutor

    executor = AutoExecutor(folder, cluster=cluster, max_num_timeout=REQUEUES_MAX)
    executor.update_parameters(**parameters)
    return executor

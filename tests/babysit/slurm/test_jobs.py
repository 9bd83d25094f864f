"""A Slurm job and the commands of its attempts find each other by files, also after a requeue."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from babysit.remote.connection import Access
from babysit.slurm.__main__ import main, place, read_parameters
from babysit.slurm.job import WorkerJob
from babysit.slurm.job_folder import JobFolder

URL = "http://127.0.0.1:8000"


class Ids:
    """A cluster without machines. done: jobs that have ended."""

    look_every_s = 0.0

    def __init__(self) -> None:
        self.submitted: list[str] = []
        self.done: set[str] = set()

    def submit(self, job: WorkerJob, parameters: Mapping[str, Any]) -> str:
        self.submitted.append(f"job-{len(self.submitted) + 1}")
        return self.submitted[-1]

    def is_done(self, job_id: str) -> bool:
        return job_id in self.done

    def cancel(self, job_id: str) -> None:
        self.done.add(job_id)


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    made = JobFolder(tmp_path / "jobs", URL, 7)
    made.make()
    return made


@pytest.fixture
def signals() -> Iterator[None]:
    """What a job does with signals ends with the test."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR2)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def access(attempt: int) -> Access:
    return Access(URL, 7, attempt, f"token-{attempt}")


def place_attempt(cluster: Ids, folder: JobFolder, attempt: int) -> str:
    return place(cluster, folder, access(attempt), WorkerJob(folder, None), {})


def test_a_requeued_job_gets_the_next_attempt(folder: JobFolder) -> None:
    cluster = Ids()
    job = place_attempt(cluster, folder, 1)
    assert folder.take_access() == access(1)
    folder.leave(job, 1)

    assert place_attempt(cluster, folder, 2) == job

    assert cluster.submitted == [job]
    assert folder.take_access() == access(2)
    assert not folder.is_waited_in


@pytest.mark.parametrize("why", ["it has ended", "it never left", "it left an older attempt"])
def test_without_a_job_that_waits_a_new_one_is_submitted(folder: JobFolder, why: str) -> None:
    cluster = Ids()
    job = place_attempt(cluster, folder, 1)
    folder.take_access()
    if why != "it never left":
        folder.leave(job, 1)
    if why == "it has ended":
        cluster.done.add(job)
    attempt = 3 if why == "it left an older attempt" else 2

    assert place_attempt(cluster, folder, attempt) == "job-2"

    assert folder.take_access() == access(attempt)


def test_the_token_is_readable_by_nobody_else_and_only_until_it_is_taken(
    folder: JobFolder,
) -> None:
    place_attempt(Ids(), folder, 1)
    [file] = [path for path in folder.path.iterdir() if b"token-1" in path.read_bytes()]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700

    folder.take_access()

    assert folder.take_access() is None
    assert list(folder.path.iterdir()) == []


@pytest.mark.usefixtures("signals")
def test_a_job_that_nobody_waits_for_ends_at_once(folder: JobFolder) -> None:
    assert WorkerJob(folder, None)() == os.EX_NOINPUT


def test_parameters_are_names_and_values() -> None:
    assert read_parameters(["timeout_min=480", "slurm_partition=gpu", "slurm_gres=gpu:a=1"]) == {
        "timeout_min": 480,
        "slurm_partition": "gpu",
        "slurm_gres": "gpu:a=1",
    }


@pytest.mark.parametrize("word", ["timeout", "=3", "a b=3", "time-out=3"])
def test_a_wrong_parameter_is_named(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word]) == os.EX_CONFIG

    assert capsys.readouterr().err == f"babysit slurm: {word} must be like timeout_min=480\n"

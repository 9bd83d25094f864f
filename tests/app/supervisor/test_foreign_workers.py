"""A server signals the workers of its own directory only, whatever a copied file says."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.supervisor.process import Worker
from babysit.protocol.status import RunStatus
from babysit.storage.file_lock import has_open, holds_lock
from babysit.storage.process_identity import identity_of

HOLD = """
import sys
from pathlib import Path
from babysit.storage.file_lock import lock_run
lock_run(Path(sys.argv[1]))
print("locked", flush=True)
input()
"""


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds the lock of the run `original`."""
    original = tmp_path / "original"
    original.mkdir()
    command = [sys.executable, "-c", HOLD, str(original)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        yield process
        process.kill()


def adopted(pid: int) -> Worker:
    """As after a restart: known by what the journal says."""
    return Worker(1, time.monotonic(), identity_of(pid))


def test_the_worker_of_the_original_is_not_signalled_by_the_server_of_a_copy(
    worker: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(tmp_path / "original", tmp_path / "copy"))

    assert not adopted(worker.pid).send_signal(copy, signal.SIGKILL)
    assert not adopted(worker.pid).is_there(copy, RunStatus.STARTING)

    assert worker.poll() is None
    assert adopted(worker.pid).send_signal(tmp_path / "original", signal.SIGKILL)
    assert worker.wait(10) == -signal.SIGKILL


def test_a_process_is_signalled_while_it_holds_the_lock_even_if_the_directory_was_moved(
    worker: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    moved = (tmp_path / "original").rename(tmp_path / "moved")

    assert holds_lock(worker.pid, moved / "lock")
    assert adopted(worker.pid).send_signal(moved, signal.SIGTERM)


def test_a_file_that_is_open_without_a_lock_is_not_a_lock(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    command = [sys.executable, "-c", f"f = open({str(tmp_path / 'lock')!r}); print(1); input()"]
    with subprocess.Popen(
        [command[0], "-u", *command[1:]], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()

        assert has_open(process.pid, tmp_path / "lock")
        assert not holds_lock(process.pid, tmp_path / "lock")

        process.kill()


def test_a_worker_that_this_server_started_is_signalled_without_its_lock(
    worker: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """For example after a task has closed all files."""
    other = tmp_path / "other"
    other.mkdir()
    ours = Worker(1, time.monotonic(), identity_of(worker.pid), is_ours=True)

    assert ours.send_signal(other, signal.SIGKILL)

"""A worker gets its run's lock, whoever asks about it at that moment; a second worker does not."""

from __future__ import annotations

import fcntl
import os
import resource
import threading
from pathlib import Path

import pytest

from babysit.storage.file_lock import AlreadyLocked, is_run_locked, lock_run


def test_asking_whether_a_run_is_held_keeps_no_worker_out(tmp_path: Path) -> None:
    asking = os.open(tmp_path / "lock", os.O_RDONLY | os.O_CREAT)
    fcntl.flock(asking, fcntl.LOCK_SH | fcntl.LOCK_NB)
    answered = threading.Timer(0.1, os.close, [asking])  # a server that other threads hold up
    answered.start()

    lock = lock_run(tmp_path)

    answered.join()
    os.close(lock)


def test_a_run_that_is_held_is_not_taken_twice(tmp_path: Path) -> None:
    lock = lock_run(tmp_path)
    with pytest.raises(AlreadyLocked):
        lock_run(tmp_path)
    os.close(lock)


def test_a_run_is_locked_while_its_worker_holds_it(tmp_path: Path) -> None:
    assert not is_run_locked(tmp_path)

    lock = lock_run(tmp_path)
    assert is_run_locked(tmp_path)

    os.close(lock)
    assert not is_run_locked(tmp_path)


def test_with_too_many_open_files_it_is_not_known_whether_a_run_is_locked(tmp_path: Path) -> None:
    lock = lock_run(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            is_run_locked(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    os.close(lock)

"""A worker gets its run's lock, whoever asks about it at that moment; a second worker does not."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path

import pytest

from babysit.storage.file_lock import AlreadyTaken, take_lock


def test_asking_whether_a_run_is_held_keeps_no_worker_out(tmp_path: Path) -> None:
    asking = os.open(tmp_path / "lock", os.O_RDONLY | os.O_CREAT)
    fcntl.flock(asking, fcntl.LOCK_SH | fcntl.LOCK_NB)
    answered = threading.Timer(0.1, os.close, [asking])  # a server that other threads hold up
    answered.start()

    lock = take_lock(tmp_path)

    answered.join()
    os.close(lock)


def test_a_run_that_is_held_is_not_taken_twice(tmp_path: Path) -> None:
    lock = take_lock(tmp_path)
    with pytest.raises(AlreadyTaken):
        take_lock(tmp_path)
    os.close(lock)

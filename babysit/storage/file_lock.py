"""The lock that says a living worker holds a run."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path

FREE_WITHIN_S = 1.0  # whoever asks whether the run is held holds the lock for a moment, too
TRY_EVERY_S = 0.005


class AlreadyTaken(Exception):
    """Another living worker holds the run."""


def take_lock(run_directory: Path) -> int:
    """Hold the run's lock until this process ends.

    Raises:
        AlreadyTaken: another worker holds it.
    """
    lock = os.open(run_directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline_s = time.monotonic() + FREE_WITHIN_S
    while not _is_taken(lock):
        if time.monotonic() > deadline_s:
            os.close(lock)
            raise AlreadyTaken(f"Another worker holds {run_directory.name}.")
        time.sleep(TRY_EVERY_S)
    # What the task forks, such as loaders of its data, must not hold the run when this one is gone.
    os.register_at_fork(after_in_child=lambda: _close_quietly(lock))
    return lock


def _is_taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _close_quietly(fd: int) -> None:
    with contextlib.suppress(OSError):
        os.close(fd)

"""Locks on files, for runs and data directories. The kernel releases them when the process ends.

A lock is exclusive. A check whether a file is locked takes a shared lock for a moment.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path

RUN_LOCK = "lock"  # in the directory of a run; held by its worker
FREE_WITHIN_S = 1.0  # a check by another process delays the owner no longer
TRY_EVERY_S = 0.005


class AlreadyLocked(Exception):
    """Another process holds the lock."""


def lock_file(path: Path, *, wait_s: float = 0.0) -> int:
    """Lock a file, which is created if it does not exist. Closing it releases the lock.

    Raises:
        AlreadyLocked: another process still holds it after `wait_s`.
        OSError: the file cannot be opened or locked.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline_s = time.monotonic() + wait_s
    try:
        while not _try_lock(fd, fcntl.LOCK_EX):
            if time.monotonic() >= deadline_s:
                raise AlreadyLocked(f"Another process holds {path}.")
            time.sleep(TRY_EVERY_S)
    except BaseException:
        os.close(fd)
        raise
    return fd


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock. A file that does not exist is not locked.

    Raises:
        OSError: this is not known, for example because too many files are open.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        return not _try_lock(fd, fcntl.LOCK_SH)
    finally:
        os.close(fd)


def holds_lock(pid: int, path: Path) -> bool:
    """Whether this very process holds the lock of this very file.

    Nothing that was written down is believed: a copy of a directory names the processes of the
    original, but they have the original's file open, which is another one by device and inode.
    False, too, where the system does not tell which files a process has open.
    """
    return any(_is_lock(pid, fd) for fd in _descriptors(pid, path))


def has_open(pid: int, path: Path) -> bool:
    """Whether this very process has this very file open; False where that is not known."""
    return bool(_descriptors(pid, path))


def lock_run(run_directory: Path) -> int:
    """Hold a run's lock until this process ends.

    Raises:
        AlreadyLocked: another worker holds it.
        OSError: the file cannot be opened or locked.
    """
    try:
        fd = lock_file(run_directory / RUN_LOCK, wait_s=FREE_WITHIN_S)
    except AlreadyLocked as error:
        raise AlreadyLocked(f"Another worker holds {run_directory.name}.") from error
    # A process that the task forks, such as a data loader, must not keep the lock after the worker.
    os.register_at_fork(after_in_child=lambda: _close_quietly(fd))
    return fd


def is_run_locked(run_directory: Path) -> bool:
    """Whether a worker holds the lock of a run.

    Raises:
        OSError: this is not known.
    """
    return is_locked(run_directory / RUN_LOCK)


def _descriptors(pid: int, path: Path) -> list[str]:
    """The file descriptors by which a process has a file open (Linux)."""
    try:
        wanted = os.stat(path)
        opened = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return []
    return [fd for fd in opened if _leads_to(f"/proc/{pid}/fd/{fd}", wanted)]


def _leads_to(descriptor: str, wanted: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.stat(descriptor), wanted)
    except OSError:  # closed meanwhile
        return False


def _is_lock(pid: int, fd: str) -> bool:
    try:
        lines = Path(f"/proc/{pid}/fdinfo/{fd}").read_text().splitlines()
    except OSError:  # closed meanwhile
        return False
    return any(line.startswith("lock:") and "FLOCK" in line for line in lines)


def _try_lock(fd: int, operation: int) -> bool:
    try:
        fcntl.flock(fd, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _close_quietly(fd: int) -> None:
    with contextlib.suppress(OSError):
        os.close(fd)

"""The lock of a data directory: at most one process writes its SQL."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from babysit.storage.file_lock import FREE_WITHIN_S, AlreadyLocked, is_locked, lock_file

NAME = "server.lock"
PID_BYTES_MAX = 64


class DataDirectoryUnavailable(Exception):
    """It cannot be used, or another server works on it; the message says which."""


@contextlib.contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Only one server works on a data directory: there is one writer of its SQL.

    Raises:
        DataDirectoryUnavailable: it cannot be used, or another process works on it.
    """
    path = data_dir / NAME
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = lock_file(path, wait_s=FREE_WITHIN_S)
    except AlreadyLocked as error:
        message = f"another server (process {_pid_in(path)}) already works on {data_dir}."
        raise DataDirectoryUnavailable(message) from error
    except OSError as error:
        message = f"the data directory {data_dir} cannot be used: {error.strerror}."
        raise DataDirectoryUnavailable(message) from error
    try:
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(fd)


def is_server_there(data_dir: Path) -> bool:
    """Whether a server works on the directory.

    Raises:
        OSError: that is not known.
    """
    return is_locked(data_dir / NAME)


def _pid_in(path: Path) -> str:
    try:
        return path.read_bytes()[:PID_BYTES_MAX].decode(errors="replace").strip()
    except OSError:
        return "unknown"

"""The lock of a data directory: at most one process writes its SQL."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path

NAME = "server.lock"
PID_BYTES_MAX = 64


@contextlib.contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Only one server works on a data directory: there is one writer of its SQL.

    Raises:
        SystemExit: it cannot be used, or another process works on it; with a clear line.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(data_dir / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        sys.exit(f"babysit: the data directory {data_dir} cannot be used: {error.strerror}.")
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(fd, PID_BYTES_MAX).decode(errors="replace").strip()
            sys.exit(f"babysit: another server (process {pid}) already works on {data_dir}.")
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(fd)


def is_server_there(data_dir: Path) -> bool:
    """Whether a server works on the directory. The question never keeps one from starting."""
    try:
        fd = os.open(data_dir / NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False

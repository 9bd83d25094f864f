"""The lock of a data directory: at most one process writes its SQL and its journals."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from babysit.storage.file_lock import FREE_WITHIN_S, AlreadyLocked, lock_file
from babysit.storage.server_file import SERVER_LOCK

from .location import (
    came_from,
    database_outside,
    original_with,
    remember_location,
    shared_files,
)

PID_BYTES_MAX = 64
MAY_LIE_ELSEWHERE = ("runs", "searches")  # as a symbolic link to another disk

log = logging.getLogger(__name__)


class DataDirectoryUnavailable(Exception):
    """It cannot be used, or another server works on it; the message says which."""


@contextlib.contextmanager
def locked(data_dir: Path, sql_url: str | None = None) -> Iterator[None]:
    """Only one server works on a data directory: there is one writer of its SQL.

    A folder of it that is a symbolic link is locked as well: a copy of the directory has the same
    link. sql_url: the database; one that lies elsewhere is not used by a copy beside its original.

    Raises:
        DataDirectoryUnavailable: it cannot be used, or another process works on it.
    """
    with contextlib.ExitStack() as locks:
        try:
            data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            _check_own_files(data_dir)
            linked = [
                data_dir / name for name in MAY_LIE_ELSEWHERE if (data_dir / name).is_symlink()
            ]
            for folder in (data_dir, *(path.resolve() for path in linked)):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                _lock(folder, locks)
            database = None if sql_url is None else database_outside(data_dir, sql_url)
            _check_own_database(data_dir, database)
            _tell_origin(data_dir, database)
        except OSError as error:
            message = f"the data directory {data_dir} cannot be used: {error.strerror}."
            raise DataDirectoryUnavailable(message) from error
        yield


def _lock(folder: Path, locks: contextlib.ExitStack) -> None:
    path = folder / SERVER_LOCK
    try:
        fd = lock_file(path, wait_s=FREE_WITHIN_S)
    except AlreadyLocked as error:
        message = f"another server (process {_pid_in(path)}) already works on {folder}."
        raise DataDirectoryUnavailable(message) from error
    locks.callback(os.close, fd)
    with contextlib.suppress(OSError):  # the disk is full: the lock holds without the number
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)


def _check_own_files(data_dir: Path) -> None:
    shared = shared_files(data_dir)
    if shared is not None:
        raise DataDirectoryUnavailable(
            f"{data_dir} is a copy made of {shared}: what is written here would be written into "
            "the original. Make a copy of its own, for example with `cp -a`."
        )


def _check_own_database(data_dir: Path, database: str | None) -> None:
    original = original_with(data_dir, database)
    if original is not None:
        raise DataDirectoryUnavailable(
            f"{data_dir} is a copy of {original}, whose database {database} is not copied with it: "
            "two directories would write into one database. Give it an empty one of its own in "
            "BABYSIT_DATABASE_URL and run `babysit rebuild`, or move the original away first."
        )


def _tell_origin(data_dir: Path, database: str | None) -> None:
    """Say that this is a copy, or that it was moved; its workers are those that hold its locks."""
    origin = came_from(data_dir)
    if origin is not None:
        log.warning(
            "%s was copied, moved or restored: it was last served as %s. "
            "Nothing done here reaches that directory or its workers.",
            data_dir,
            origin,
        )
    try:
        remember_location(data_dir, database)
    except OSError as error:
        log.warning("location.json cannot be written: %s", error)


def _pid_in(path: Path) -> str:
    try:
        return path.read_bytes()[:PID_BYTES_MAX].decode(errors="replace").strip()
    except OSError:
        return "unknown"

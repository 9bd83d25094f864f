"""Writes files atomically: after a crash a file has its old content or its new one."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

PRIVATE = 0o600  # for the owner only


def write_atomic(path: Path, content: str | bytes, *, sync: bool = True, mode: int = 0o666) -> None:
    """Replace a file: write a temporary one next to it, and rename that.

    sync: return only when the content and the name are on the disk. Without it a power failure may
        leave the old file, an empty one or the new one.
    mode: of the new file, before the umask.

    Raises:
        OSError: the disk is full or broken. The old file is unchanged.
    """
    # Two processes may write the same file at once, so each uses its own temporary file.
    tmp_path = temporary_path(path.with_name(f"{path.name}.{os.getpid()}"))
    with contextlib.suppress(FileNotFoundError):
        os.unlink(tmp_path)  # left by a process with the same id that was killed
    try:
        write_new(tmp_path, content, sync=sync, mode=mode)
        os.rename(tmp_path, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(tmp_path)
        raise
    if sync:
        sync_folder(path.parent)


def write_new(path: Path, content: str | bytes, *, sync: bool, mode: int = 0o666) -> None:
    """Write a new file. A file that could not be written completely is not removed.

    Raises:
        FileExistsError: it exists.
        OSError: the disk is full or broken.
    """
    data = memoryview(content.encode() if isinstance(content, str) else content)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        while data:
            data = data[os.write(fd, data) :]
        if sync:
            os.fsync(fd)
    finally:
        os.close(fd)


def temporary_path(path: Path) -> Path:
    """The path of a file or a folder before it is renamed to its own."""
    return path.with_name(f".{path.name}.part")


def sync_file(path: Path) -> None:
    """Wait until the content of a file is on the disk."""
    _sync(path, os.O_RDONLY)


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    fd = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

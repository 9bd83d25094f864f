"""Opens regular files only: no links, pipes or devices, and none above a size limit."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path


class NotARegularFile(OSError):
    """The path is not a regular file or a folder, or the file is too large."""


@contextlib.contextmanager
def open_regular(path: Path, bytes_max: int | None = None) -> Iterator[BufferedReader]:
    """Open a file for reading, without following a link and without waiting for a writer.

    Raises:
        NotARegularFile: it is something else, or larger than `bytes_max`.
        OSError: it does not exist or cannot be read.
    """
    if path.is_symlink():
        raise NotARegularFile(f"{path.name} is a link")
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise NotARegularFile(f"{path.name} is no plain file")
        if bytes_max is not None and status.st_size > bytes_max:
            raise NotARegularFile(f"{path.name} is too large")
        yield file


def check_folder(path: Path) -> None:
    """Check that a path is a folder and not a link to one.

    Raises:
        NotARegularFile: it is something else.
        OSError: it does not exist.
    """
    if not stat.S_ISDIR(path.lstat().st_mode):
        raise NotARegularFile(f"{path.name} is no folder")

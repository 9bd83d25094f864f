"""Opens what is a file and nothing else: no link, no pipe, no device, none larger than agreed."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path


class NotARegularFile(OSError):
    """What lies there is no plain file or folder, or is too large."""


@contextlib.contextmanager
def open_regular(path: Path, bytes_max: int | None = None) -> Iterator[BufferedReader]:
    """A file to read, opened without following a link and without waiting for anybody.

    Raises:
        NotPlain, OSError: it is something else, larger than `bytes_max`, or not there.
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
    """Return when a folder is one, and no link to one.

    Raises:
        NotPlain, OSError: it is something else, or not there.
    """
    if not stat.S_ISDIR(path.lstat().st_mode):
        raise NotARegularFile(f"{path.name} is no folder")

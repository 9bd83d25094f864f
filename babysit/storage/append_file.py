"""A file that only grows, as the disk really holds it: all or nothing of each write, and an honest
sync.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from babysit.storage.atomic import sync_folder


class AppendFile:
    """One writer at a time; not safe for threads."""

    def __init__(self, path: Path, find_end: Callable[[Path], int]) -> None:
        """Open or create the file, and cut off what lies after the end that `find_end` finds."""
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._end = self._synced_end = find_end(path)
        self._unsynced = bytearray()  # what lies between the two, should a sync fail
        self._is_doubtful = False  # whether a sync failed since
        os.ftruncate(self._fd, self._end)
        os.lseek(self._fd, self._end, os.SEEK_SET)
        if self._end == 0:  # a new name is not on the disk before its folder is
            sync_folder(path.parent)

    def append(self, data: bytes) -> None:
        """Write all of it.

        Raises:
            OSError: the disk is full or broken. The file ends where it ended before.
        """
        try:
            written = os.write(self._fd, data)
            while written < len(data):  # a short write: the next one says why
                written += os.write(self._fd, data[written:])
        except OSError:
            os.ftruncate(self._fd, self._end)
            os.lseek(self._fd, self._end, os.SEEK_SET)
            raise
        self._end += len(data)
        self._unsynced += data

    def sync(self) -> None:
        """Return when everything is on the disk.

        Raises:
            OSError: it may not be. The next call writes it again, into the file opened anew: after
                a failed fsync the kernel may have dropped it, and yet report success the next time.
        """
        if self._is_doubtful:
            self._write_again()
        try:
            os.fsync(self._fd)
        except OSError:
            self._is_doubtful = True
            raise
        self._synced_end, self._is_doubtful = self._end, False
        self._unsynced.clear()

    def _write_again(self) -> None:
        fd = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        try:
            again, place = memoryview(bytes(self._unsynced)), self._synced_end
            while again:
                written = os.pwrite(fd, again, place)
                again, place = again[written:], place + written
            os.lseek(fd, self._end, os.SEEK_SET)
        except BaseException:
            os.close(fd)
            raise
        os.close(self._fd)
        self._fd = fd

    def is_deleted(self) -> bool:
        """Whether the path does not lead to this file any more: removed, moved or replaced."""
        try:
            return not os.path.samestat(os.stat(self.path), os.fstat(self._fd))
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:  # not known
            return False

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

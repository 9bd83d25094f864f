"""An append-only file: each write is complete or undone, and a failed sync is repeated safely."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from babysit.storage.atomic import sync_folder


class AppendFile:
    """A file with one writer. Not thread-safe."""

    def __init__(self, path: Path, find_end: Callable[[Path], int]) -> None:
        """Open or create the file, and cut it off at the end that `find_end` returns."""
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._end = self._synced_end = find_end(path)
        self._unsynced = bytearray()  # the bytes between the two, for a sync that fails
        self._is_doubtful = False  # whether a sync has failed since then
        os.ftruncate(self._fd, self._end)
        os.lseek(self._fd, self._end, os.SEEK_SET)
        if self._end == 0:  # the name of a new file is on the disk when its folder is
            sync_folder(path.parent)

    def append(self, data: bytes) -> None:
        """Write all of the data.

        Raises:
            OSError: the disk is full or broken. The file ends where it ended before.
        """
        try:
            written = os.write(self._fd, data)
            while written < len(data):  # after a short write the next one fails with the reason
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
            OSError: it may not be. The next call opens the file again and writes the data again:
                after a failed fsync the kernel may drop the data and still report success later.
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

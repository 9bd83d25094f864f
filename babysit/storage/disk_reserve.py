"""Disk space held in reserve, so that a run can still record that the disk is full."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

RESERVE_BYTES = 64 * 1024
ROOM_BYTES_MIN = 4 * 1024 * 1024  # free space besides the reserve; then a full disk has recovered


class Reserve:
    """A file of zeros next to the journal. It is deleted when nothing else can be written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_held = False
        self.hold()

    def hold(self) -> bool:
        """Create the file if it does not exist; returns whether it exists now."""
        if self._is_held:
            return True
        try:
            fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        except OSError:
            return False
        try:
            # Written, not only extended: a hole in a file reserves no space.
            self._is_held = os.write(fd, bytes(RESERVE_BYTES)) == RESERVE_BYTES
            os.fsync(fd)
        except OSError:
            self._is_held = False
        finally:
            os.close(fd)
        if not self._is_held:
            self.spend()
        return self._is_held

    def spend(self) -> None:
        """Delete the file, so that its space can be used."""
        self._is_held = False
        with contextlib.suppress(OSError):
            os.unlink(self._path)

    def has_recovered(self) -> bool:
        """Whether there is free space again, for the reserve and for further records."""
        try:
            disk = os.statvfs(self._path.parent)
        except OSError:
            return False
        return disk.f_bavail * disk.f_frsize >= ROOM_BYTES_MIN and self.hold()

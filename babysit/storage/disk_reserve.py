"""A little room on the disk, kept so that a run can still say that the disk is full."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

RESERVE_BYTES = 64 * 1024
ROOM_BYTES_MIN = 4 * 1024 * 1024  # free beside the reserve before a full disk counts as mended


class Reserve:
    """One file of zeros beside the journal; spent when nothing else can be written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_held = False
        self.hold()

    def hold(self) -> bool:
        """Take the room if it is not held yet; whether it is held now."""
        if self._is_held:
            return True
        try:
            fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        except OSError:
            return False
        try:
            # Written, not only lengthened: a hole in a file keeps no room.
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
        """Give the room to whoever needs it now."""
        self._is_held = False
        with contextlib.suppress(OSError):
            os.unlink(self._path)

    def has_recovered(self) -> bool:
        """Whether there is room again, for the reserve and for what comes after it."""
        try:
            disk = os.statvfs(self._path.parent)
        except OSError:
            return False
        return disk.f_bavail * disk.f_frsize >= ROOM_BYTES_MIN and self.hold()

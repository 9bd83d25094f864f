"""The progress of a worker's loop, in 24 bytes that can be read after its process has ended.

The loop writes them in every iteration. The server sees whether the loop still runs and, after a
crash, which update was in progress. The journal may be one flush behind.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
from dataclasses import dataclass
from pathlib import Path

TURN = struct.Struct("<qq")
TROUBLE = struct.Struct("<q")
LAYOUT = struct.Struct("<qqq")
BETWEEN_STEPS = 0


@dataclass(frozen=True, slots=True)
class HeartbeatRecord:
    """iterations: of the loop so far. step: the update in progress; 0 between two updates.

    io_error: the errno of the last failed write; 0 if writing succeeds.
    """

    iterations: int
    step: int
    io_error: int


class Heartbeat:
    """The worker's side: the file `attempt-N.heartbeat`, mapped into memory."""

    def __init__(self, run_directory: Path, attempt: int) -> None:
        self._turns = 0
        self._shared = _shared(_path(run_directory, attempt))

    def record(self, step: int) -> None:
        """Record an iteration of the loop and the update that it begins; 0: none."""
        self._turns += 1
        TURN.pack_into(self._shared, 0, self._turns, step)

    def set_io_error(self, number: int) -> None:
        """Record the errno of a failed write; 0: writing succeeds. The journal cannot hold it."""
        TROUBLE.pack_into(self._shared, TURN.size, number)


def _shared(path: Path) -> mmap.mmap | bytearray:
    """Memory that readers of the file see at once. On a full disk: memory of this process only."""
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # Written, not only extended: access to a page without a block on a full disk is fatal.
            if os.pwrite(fd, bytes(LAYOUT.size), 0) == LAYOUT.size:
                os.fsync(fd)
                return mmap.mmap(fd, LAYOUT.size)
        finally:
            os.close(fd)
    return bytearray(LAYOUT.size)


def read_heartbeat(run_directory: Path, attempt: int) -> HeartbeatRecord | None:
    """The newest record of an attempt; None if there is none."""
    try:
        return HeartbeatRecord(*LAYOUT.unpack(_path(run_directory, attempt).read_bytes()))
    except (OSError, struct.error):
        return None


def failed_at_same_step(run_directory: Path, attempt: int) -> bool:
    """Whether this attempt and the one before it ended in the same update.

    Then the update is the cause, and another attempt would fail in the same way.
    """
    mine, earlier = (read_heartbeat(run_directory, number) for number in (attempt, attempt - 1))
    if mine is None or earlier is None:
        return False
    if mine.iterations == earlier.iterations == 0:  # neither has reached the loop
        return True
    return mine.step == earlier.step != BETWEEN_STEPS


def _path(run_directory: Path, attempt: int) -> Path:
    return run_directory / f"attempt-{attempt:04d}.heartbeat"

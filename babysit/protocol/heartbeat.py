"""Where a worker's loop is, in 24 bytes that outlive its process.

The loop writes them in every turn. Whoever looks from outside sees whether it still turns, and
after a sudden death which step was being made: the journal may lag that by a flush.
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
    """turns: of the loop, so far. step: the update being made; 0 between two of them.
    trouble: the errno of a disk that takes nothing; 0 while it does.
    """

    iterations: int
    step: int
    io_error: int


class Heartbeat:
    """The worker's end: one file `attempt-N.heartbeat`, shared memory."""

    def __init__(self, run_directory: Path, attempt: int) -> None:
        self._turns = 0
        self._shared = _shared(_path(run_directory, attempt))

    def record(self, step: int) -> None:
        """Say that the loop turns, and which update it begins; 0: none just now."""
        self._turns += 1
        TURN.pack_into(self._shared, 0, self._turns, step)

    def set_io_error(self, number: int) -> None:
        """Say what the journal cannot: the errno of a disk that takes nothing, or 0."""
        TROUBLE.pack_into(self._shared, TURN.size, number)


def _shared(path: Path) -> mmap.mmap | bytearray:
    """Memory that a reader of the file sees at once; of this process alone on a full disk."""
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # Written, not only lengthened: touching a page without a block on a full disk kills.
            if os.pwrite(fd, bytes(LAYOUT.size), 0) == LAYOUT.size:
                os.fsync(fd)
                return mmap.mmap(fd, LAYOUT.size)
        finally:
            os.close(fd)
    return bytearray(LAYOUT.size)


def read_heartbeat(run_directory: Path, attempt: int) -> HeartbeatRecord | None:
    """The newest beat of an attempt; None where there is none."""
    try:
        return HeartbeatRecord(*LAYOUT.unpack(_path(run_directory, attempt).read_bytes()))
    except (OSError, struct.error):
        return None


def failed_at_same_step(run_directory: Path, attempt: int) -> bool:
    """Whether this attempt and the one before it ended in the very same update.

    Then the update is to blame, and a further attempt would only repeat it.
    """
    mine, earlier = (read_heartbeat(run_directory, number) for number in (attempt, attempt - 1))
    if mine is None or earlier is None:
        return False
    if mine.iterations == earlier.iterations == 0:  # neither got as far as the loop
        return True
    return mine.step == earlier.step != BETWEEN_STEPS


def _path(run_directory: Path, attempt: int) -> Path:
    return run_directory / f"attempt-{attempt:04d}.heartbeat"

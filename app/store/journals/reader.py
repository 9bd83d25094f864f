"""Reads a journal record by record, up to a limit, and notes the damage."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from babysit.storage.journal import Frame, Gap, JournalReader, Points

from .pool import SERVER_JOURNAL

READ_BYTES = 1_000_000  # at a time: many journals may be open at once


class JournalCursor:
    """The records of one journal of a run. attempt 0 is `server.journal`.

    blocks: points that were taken and not stored yet.
    problems: what could not be read, a phrase for each place.
    """

    def __init__(self, path: Path, run_id: int, attempt: int, until: int | None = None) -> None:
        """until: the last record to read; None: all."""
        self.path = path
        self.run_id = run_id
        self.attempt = attempt
        self.until = until
        self.blocks: list[Points] = []
        self.problems: list[str] = []
        self.reader = JournalReader(path)
        self._frames: deque[Frame] = deque()

    def peek(self) -> Frame | None:
        """The next record, which stays; None at the end."""
        while not self._frames:
            records = self.reader.read(READ_BYTES)
            if not records:
                return None
            for record in records:
                if isinstance(record, Gap):
                    self._note(record)
                else:
                    self._frames.append(record)
        first = self._frames[0]
        return None if self.until is not None and first.seq > self.until else first

    def take(self) -> Frame:
        return self._frames.popleft()

    def _note(self, gap: Gap) -> None:
        if self.until is not None and self.reader.seq > self.until and not self._frames:
            return  # beyond the limit
        lost = f"{gap.seq_missing} records are lost" if gap.seq_missing else "no record is lost"
        self.problems.append(
            f"{self.name}: {gap.length:,} bytes at {gap.offset:,} are damaged; {lost}"
        )

    @property
    def name(self) -> str:
        return f"run {self.run_id}, {self.path.name}"


def open_journals(directory: Path, run_id: int) -> list[JournalCursor]:
    """All journals of a run, the server's first."""
    found = [JournalCursor(directory / SERVER_JOURNAL, run_id, 0)]
    for path in sorted(directory.glob("attempt-*.journal")):
        number = path.stem.partition("-")[2]
        if number.isascii() and number.isdigit() and int(number) > 0:
            found.append(JournalCursor(path, run_id, int(number)))
    return found

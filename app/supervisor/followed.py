"""A journal that is followed while it grows: what was read of it and is not stored yet."""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass, field

from babysit.protocol.status import RunStatus
from babysit.storage.journal import Frame, JournalReader, Points, Record

# Events of trials that need not be stored at once: they are stored with the points.
BATCHED_KINDS = ("worker_started", "checkpoint_saved", "checkpoint_removed")


@dataclass(slots=True)
class Followed:
    """A journal that may grow: its reader, and the records that are not stored yet."""

    run_id: int
    attempt: int
    reader: JournalReader
    unread: list[Record] = field(default_factory=list)
    stored_at_s: float = 0.0  # monotonic
    is_trial: bool = False
    is_urgent: bool = False  # a record must be stored at once

    def has_grown(self) -> bool:
        try:
            return os.stat(self.reader.path).st_size > self.reader.offset
        except FileNotFoundError:
            return False

    def look(self) -> None:
        if self.has_grown():
            records = self.reader.read()
            self.unread += records
            self.is_urgent |= any(_is_urgent(record, is_trial=self.is_trial) for record in records)

    def due_in_s(self, now_s: float, every_s: float) -> float:
        """When to store the unread records: events at once, points in batches."""
        if not self.unread:
            return math.inf
        return 0.0 if self.is_urgent else max(0.0, self.stored_at_s + every_s - now_s)

    def note_stored(self) -> None:
        # The first points after an event are stored at once, so that its effect is seen.
        has_points = any(
            isinstance(each, Frame) and isinstance(each.body, Points) for each in self.unread
        )
        if has_points or self.is_trial:
            self.stored_at_s = time.monotonic()
        self.unread, self.is_urgent = [], False


def _is_urgent(record: Record, *, is_trial: bool) -> bool:
    if not isinstance(record, Frame):
        return True
    if isinstance(record.body, Points):
        return False
    kind, status = record.body.get("kind"), record.body.get("status")
    return not is_trial or not (kind in BATCHED_KINDS or status == RunStatus.RUNNING)

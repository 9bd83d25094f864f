"""The journals of searches.

A search's journal is written and synced before SQL, so that no sample is lost: after a crash, SQL
takes from the journal what it lacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from babysit.storage.journal import Frame, JournalReader, to_jsonable

from .pool import JournalPool
from .search_records import SearchEvent, TrialSampled, event_in, to_json

OPEN_FILES_MAX = 16
JOURNAL = "search.journal"


class SearchJournals(JournalPool):
    """Writers of the searches' journals.

    newest_run_id: the highest that was ever given to a trial by this server.
    """

    def __init__(self, searches_dir: Path) -> None:
        super().__init__(searches_dir, JOURNAL, OPEN_FILES_MAX)
        self.newest_run_id = 0

    def append_events(self, search_id: int, events: Sequence[SearchEvent]) -> int:
        """Write events after the last one, onto the disk; the seq of the last.

        Raises:
            OSError: the disk is full or broken.
        """
        seq = self.append(search_id, [to_jsonable(to_json(event)) for event in events])
        for event in events:
            if isinstance(event, TrialSampled):
                self.newest_run_id = max(self.newest_run_id, event.run_id)
        self.sync()
        return seq


def read_search_journal(directory: Path, after: int = 0) -> list[tuple[int, SearchEvent | None]]:
    """(seq, event) of each record; None for one that is damaged or of an unknown kind."""
    events: list[tuple[int, SearchEvent | None]] = []
    reader = JournalReader(directory / JOURNAL)
    while records := reader.read():
        for record in records:
            if not isinstance(record, Frame):
                events.append((reader.seq, None))
            elif record.seq > after:
                events.append((record.seq, event_in(record.body)))
    return events

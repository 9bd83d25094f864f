"""The directories of searches: what was asked in `search.json`, what followed in `search.journal`.

A search's journal is written and synced before the tables follow, so that a draw is never lost:
what a crash leaves out of SQL is read back from here.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from babysit.storage.atomic import sync_folder, write_atomic
from babysit.storage.journal import Frame, JournalReader, JournalWriter, encode_event, to_jsonable

from ...search.spec import SearchSpec
from .search_records import (
    SearchEvent,
    TrialSampled,
    event_in,
    to_json,
)

OPEN_FILES_MAX = 16
JOURNAL = "search.journal"
SPEC = TypeAdapter(SearchSpec)


class SearchJournals:
    """Writers of the searches' journals. Not safe for threads: used by the one writer only.

    newest_run_id: the highest that was ever given to a trial by this server.
    """

    def __init__(self, searches_dir: Path) -> None:
        self.searches_dir = searches_dir
        self.newest_run_id = 0
        self._writers: OrderedDict[int, JournalWriter] = OrderedDict()

    def directory(self, search_id: int) -> Path:
        return self.searches_dir / str(search_id)

    def seq(self, search_id: int) -> int:
        """Of the last record in the file; 0 for none."""
        return self._writer(search_id).seq

    def append(self, search_id: int, events: Sequence[SearchEvent]) -> int:
        """Write events after the last one, onto the disk; the seq of the last.

        Raises:
            OSError: the disk is full or broken.
        """
        writer = self._writer(search_id)
        seq = writer.append([encode_event(to_jsonable(to_json(event))) for event in events])
        for event in events:
            if isinstance(event, TrialSampled):
                self.newest_run_id = max(self.newest_run_id, event.run_id)
        writer.sync()
        return seq

    def write_search_spec(self, spec: SearchSpec) -> Path:
        """Make the directory and `search.json`, whole or not at all.

        Raises:
            OSError: the disk is full or broken.
        """
        directory = self.directory(spec.id)
        directory.mkdir(parents=True)
        write_atomic(directory / "search.json", json.dumps(to_jsonable(asdict(spec)), indent=1))
        sync_folder(self.searches_dir)
        return directory

    def forget(self, search_id: int) -> None:
        """Its directory is gone."""
        writer = self._writers.pop(search_id, None)
        if writer is not None:
            writer.close()

    def close(self) -> None:
        for search_id in list(self._writers):
            self.forget(search_id)

    def _writer(self, search_id: int) -> JournalWriter:
        writer = self._writers.get(search_id)
        if writer is None:
            writer = JournalWriter(self.directory(search_id) / JOURNAL)
            self._writers[search_id] = writer
        self._writers.move_to_end(search_id)
        if len(self._writers) > OPEN_FILES_MAX:
            self.forget(next(iter(self._writers)))
        return writer


def search_directories(searches_dir: Path) -> list[Path]:
    """The directories that belong to a search, oldest first."""
    if not searches_dir.is_dir():
        return []
    names = (path for path in searches_dir.iterdir() if path.name.isascii())
    found = [path for path in names if path.name.isdigit() and path.is_dir()]
    return sorted(found, key=lambda path: int(path.name))


def read_search_spec(directory: Path) -> SearchSpec | str:
    """What `search.json` says, checked in every field; or why it cannot be used."""
    known = {item.name for item in fields(SearchSpec)}
    try:
        body: dict[str, Any] = json.loads((directory / "search.json").read_text())
        spec = SPEC.validate_python({name: body[name] for name in body if name in known})
    except FileNotFoundError:
        return "it is missing"
    except (OSError, ValueError, ValidationError, TypeError):
        return "it cannot be read"
    return spec if str(spec.id) == directory.name else f"it belongs to search {spec.id}"


def read_search_journal(directory: Path, after: int = 0) -> list[tuple[int, SearchEvent | None]]:
    """(seq, event) of each record; None for one that says nothing, or that is damaged."""
    found: list[tuple[int, SearchEvent | None]] = []
    reader = JournalReader(directory / JOURNAL)
    while records := reader.read():
        for record in records:
            if not isinstance(record, Frame):
                found.append((reader.seq, None))
            elif record.seq > after:
                found.append((record.seq, event_in(record.body)))
    return found

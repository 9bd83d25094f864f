"""Open writers of many journals, of which only the last used ones keep their file open."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from babysit.storage.journal import JournalWriter, encode_event

SERVER_JOURNAL = "server.journal"


class JournalPool:
    """One journal in each numbered directory. Not safe for threads."""

    def __init__(self, parent: Path, file_name: str, open_files_max: int) -> None:
        self.parent = parent
        self._file_name = file_name
        self._open_files_max = open_files_max
        self._writers: OrderedDict[int, JournalWriter] = OrderedDict()
        self._unsynced: set[int] = set()

    def directory(self, owner_id: int) -> Path:
        return self.parent / str(owner_id)

    def seq(self, owner_id: int) -> int:
        """Of the last record in the file; 0 for none."""
        return self._writer(owner_id).seq

    def append(self, owner_id: int, bodies: Sequence[dict[str, Any]]) -> int:
        """Write events, as plain JSON, after the last record; the seq of the last.

        Raises:
            OSError: the disk is full or broken; nothing was written.
        """
        seq = self._writer(owner_id).append([encode_event(body) for body in bodies])
        self._unsynced.add(owner_id)
        return seq

    def sync(self) -> None:
        """Put on the disk what was appended since the last call.

        Raises:
            OSError: the disk is full or broken.
        """
        while self._unsynced:
            writer = self._writers.get(self._unsynced.pop())
            if writer is not None:
                writer.sync()

    def forget(self, owner_id: int) -> None:
        """Close a journal whose directory was removed."""
        self._unsynced.discard(owner_id)
        writer = self._writers.pop(owner_id, None)
        if writer is not None:
            writer.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.sync()
        for owner_id in list(self._writers):
            self.forget(owner_id)

    def _writer(self, owner_id: int) -> JournalWriter:
        writer = self._writers.get(owner_id)
        if writer is None:
            writer = JournalWriter(self.directory(owner_id) / self._file_name)
            self._writers[owner_id] = writer
        self._writers.move_to_end(owner_id)
        if len(self._writers) > self._open_files_max:
            oldest = next(iter(self._writers))
            if oldest in self._unsynced:
                self._writers[oldest].sync()
            self.forget(oldest)
        return writer


def server_journals(runs_dir: Path) -> JournalPool:
    """The events that the server itself adds to runs."""
    return JournalPool(runs_dir, SERVER_JOURNAL, open_files_max=64)

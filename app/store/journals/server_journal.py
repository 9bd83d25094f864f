"""The server's end of `server.journal`: appends to each run's file what SQL has committed."""

from __future__ import annotations

import contextlib
import json
import os
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from babysit.protocol.run_spec import RunSpec
from babysit.protocol.serialization import fields_of
from babysit.storage.atomic import sync_folder, write_atomic
from babysit.storage.journal import JournalWriter, encode_event, to_jsonable

OPEN_FILES_MAX = 64


class ServerJournals:
    """Writers of the runs' `server.journal`. Not safe for threads: used by the one writer only."""

    def __init__(self, runs_dir: Path) -> None:
        self.runs_dir = runs_dir
        self._writers: OrderedDict[int, JournalWriter] = OrderedDict()
        self._unsynced: set[int] = set()

    def directory(self, run_id: int) -> Path:
        return self.runs_dir / str(run_id)

    def seq(self, run_id: int) -> int:
        """Of the last record in the file; 0 for none."""
        return self._writer(run_id).seq

    def append(self, run_id: int, bodies: Sequence[dict[str, Any]]) -> None:
        """Write events after the last one.

        Raises:
            OSError: the disk is full or broken; nothing was written.
        """
        self._writer(run_id).append([encode_event(body) for body in bodies])
        self._unsynced.add(run_id)

    def sync(self) -> None:
        """Put on the disk what was appended since the last call."""
        while self._unsynced:
            writer = self._writers.get(self._unsynced.pop())
            if writer is not None:
                writer.sync()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.sync()
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def write_run_spec(self, spec: RunSpec) -> None:
        """Make the run's directory and its `run.json`, whole or not at all.

        Raises:
            OSError: the disk is full or broken.
            FileExistsError: the directory is there already.
        """
        directory = self.directory(spec.id)
        directory.mkdir(parents=True)
        write_atomic(directory / "run.json", json.dumps(to_jsonable(fields_of(spec)), indent=1))
        sync_folder(self.runs_dir)

    def highest_directory(self) -> int:
        """The largest run id that has a directory; 0 for none."""
        if not self.runs_dir.is_dir():
            return 0
        names = (entry.name for entry in os.scandir(self.runs_dir))
        return max((int(name) for name in names if name.isascii() and name.isdigit()), default=0)

    def _writer(self, run_id: int) -> JournalWriter:
        writer = self._writers.get(run_id)
        if writer is None:
            writer = JournalWriter(self.directory(run_id) / "server.journal")
            self._writers[run_id] = writer
        self._writers.move_to_end(run_id)
        if len(self._writers) > OPEN_FILES_MAX:
            oldest, closed = self._writers.popitem(last=False)
            if oldest in self._unsynced:
                self._unsynced.discard(oldest)
                closed.sync()
            closed.close()
        return writer

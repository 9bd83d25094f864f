"""The directory in which a worker works when the run's own is elsewhere."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from functools import partial
from pathlib import Path, PurePosixPath

from babysit.remote.retrying import until_done
from babysit.remote.run_storage import RemoteRunStorage
from babysit.storage.runs.storage import Beginning, InputFile


class Scratch:
    """Laid out as a data directory that holds one run, and what it continues."""

    def __init__(self, folder: Path, run_id: int) -> None:
        self.folder = folder
        self.run_directory = folder / "runs" / str(run_id)

    def fill(self, storage: RemoteRunStorage, beginning: Beginning, over: threading.Event) -> Path:
        """Fetch what the worker reads. Returns: the folder with the task.

        Raises:
            AttemptOver: the attempt has ended.
            ValueError: the server names a path outside of the directory.
        """
        self.run_directory.mkdir(parents=True)
        for item in beginning.inputs:
            self._fetch(storage, item, over)
        for name in beginning.checkpoints:  # their names are in use
            self._inside(self.run_directory / "checkpoints", name).mkdir(
                parents=True, exist_ok=True
            )
        while self.fetch_commands(storage, 0.0, over):
            pass
        return self._fetch_task(storage, over)

    def fetch_commands(
        self, storage: RemoteRunStorage, wait_s: float, over: threading.Event
    ) -> bool:
        """Add what the server said since the last time; whether there was anything."""
        journal = self.run_directory / "server.journal"
        offset = journal.stat().st_size if journal.exists() else 0
        data = until_done(lambda: storage.read_commands(offset, wait_s), over)
        with journal.open("ab") as file:
            file.write(data)
        return bool(data)

    def _fetch(self, storage: RemoteRunStorage, item: InputFile, over: threading.Event) -> None:
        path = self._inside(self.folder, item.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            while (offset := file.tell()) < item.bytes:
                data = until_done(partial(storage.read_input, item.path, offset), over)
                if not data:
                    return
                file.write(data[: item.bytes - offset])

    def _fetch_task(self, storage: RemoteRunStorage, over: threading.Event) -> Path:
        content = until_done(storage.read_task, over)
        folder = self.folder / f"task-{hashlib.sha256(content).hexdigest()[:16]}"
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                path = self._inside(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(archive.read(name))
        return folder

    @staticmethod
    def _inside(folder: Path, name: str) -> Path:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise ValueError("the server names a path outside of the directory")
        return folder / path

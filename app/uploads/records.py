"""Files that say which checkpoints have a copy in object storage; a start reads them again.

They are `uploads/<run>/<checkpoint>.json` in the data directory, written before the first byte of
a copy is sent and removed after its last one is deleted. Backups leave them out: a directory that
was restored looks in the storage itself.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from babysit.storage.atomic import PRIVATE, write_atomic

NAME = "uploads"
OWNER = "owner.json"
WARNED = "warned"  # in the folder of a run: its page says already that copies fail


@dataclass(frozen=True, slots=True)
class UploadRecord:
    """A copy that is complete, or was begun.

    state: what the list of checkpoints says of the files, for when they are gone here.
    """

    checkpoint_id: int
    run_id: int
    address: str
    prefix: str
    is_complete: bool = False
    state: dict[str, Any] = field(default_factory=dict)


class UploadRecords:
    """Thread-safe."""

    def __init__(self, data_dir: Path) -> None:
        """Raises:
        OSError: the folder cannot be made.
        """
        self._folder = data_dir / NAME
        self._folder.mkdir(exist_ok=True, mode=0o700)
        self._records = {record.checkpoint_id: record for record in _read_all(self._folder)}
        self._lock = threading.Lock()

    def find(self, checkpoint_id: int) -> UploadRecord | None:
        with self._lock:
            return self._records.get(checkpoint_id)

    def all(self) -> list[UploadRecord]:
        with self._lock:
            return list(self._records.values())

    def keep(self, record: UploadRecord) -> None:
        """Raises:
        OSError: the disk is full or broken; nothing has changed.
        """
        path = self._path(record)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        write_atomic(path, json.dumps(asdict(record)), mode=PRIVATE)
        with self._lock:
            self._records[record.checkpoint_id] = record

    def remove(self, record: UploadRecord) -> None:
        path = self._path(record)
        path.unlink(missing_ok=True)
        with self._lock:
            self._records.pop(record.checkpoint_id, None)
        with contextlib.suppress(OSError):
            path.parent.rmdir()  # it is not empty, mostly

    def owner(self) -> bytes:
        """What names this data directory in the storage."""
        path = self._folder / OWNER
        if not path.exists():
            write_atomic(path, json.dumps({"data_directory": secrets.token_hex(16)}), mode=PRIVATE)
        return path.read_bytes()

    def is_warned(self, run_id: int) -> bool:
        return (self._folder / str(run_id) / WARNED).exists()

    def note_warned(self, run_id: int, *, warned: bool) -> None:
        path = self._folder / str(run_id) / WARNED
        if not warned:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(exist_ok=True, mode=0o700)
        path.touch(mode=PRIVATE)

    def _path(self, record: UploadRecord) -> Path:
        return self._folder / str(record.run_id) / f"{record.checkpoint_id}.json"


def _read_all(folder: Path) -> Iterator[UploadRecord]:
    for path in folder.glob("*/*.json"):
        try:
            record = UploadRecord(**json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError):
            continue  # it is made again from what the storage has
        if path.stem == str(record.checkpoint_id):
            yield record

"""The copies of checkpoints in object storage: what waits, what is there, and making one."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from babysit.storage.manifest import JSON_BYTES_MAX
from babysit.storage.objects.copies import Copy, remove, upload
from babysit.storage.objects.storage import ObjectStorage, StorageUnavailable

from .records import UploadRecord, UploadRecords

OWNER_KEY = "owner"  # in the storage: which data directory writes there
OTHERS_PLACE = "another data directory writes there; give each one a prefix of its own"

State: TypeAlias = Literal["waiting", "uploading", "stored", "failed"]


@dataclass(frozen=True, slots=True)
class UploadState:
    """Of one checkpoint. message: of "failed": why, in a phrase."""

    state: State
    message: str | None = None


class Uploads:
    """Thread-safe. Which checkpoints there are is for its user to say."""

    def __init__(self, address: str, data_dir: Path) -> None:
        """Raises:
        ValueError: the address cannot be used.
        OSError: the data directory cannot be written.
        """
        self.records = UploadRecords(data_dir)
        self.storage = ObjectStorage(address)
        self._waiting: dict[int, None] = {}  # in the order of their coming
        self._current: int | None = None
        self._damaged: dict[int, str] = {}
        self._failure: str | None = None  # of the storage, at the last try
        self._is_claimed = False
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        return self.storage.address

    # -- what waits

    def add(self, checkpoint_ids: Iterable[int]) -> None:
        """Checkpoints to look at: to copy, or to remove the copy of."""
        with self._lock:
            for checkpoint_id in checkpoint_ids:
                self._waiting[checkpoint_id] = None

    def take(self) -> int | None:
        """The newest that waits; it waits until `done`."""
        with self._lock:
            self._current = next(reversed(self._waiting), None)
            return self._current

    def done(self, checkpoint_id: int) -> None:
        with self._lock:
            self._waiting.pop(checkpoint_id, None)
            self._current = None

    def note(self, failure: str | None) -> None:
        """Whether the storage answered at the last try."""
        with self._lock:
            self._failure = failure
            self._current = None

    def note_damaged(self, checkpoint_id: int, why: str) -> None:
        with self._lock:
            self._damaged[checkpoint_id] = why

    def waiting(self) -> list[int]:
        with self._lock:
            return list(self._waiting)

    # -- what there is

    def is_stored(self, checkpoint_id: int) -> bool:
        record = self.find(checkpoint_id)
        return record is not None and record.is_complete

    def find(self, checkpoint_id: int) -> UploadRecord | None:
        """What is known of a copy at the address of today."""
        record = self.records.find(checkpoint_id)
        return record if record is not None and record.address == self.address else None

    def state_of(self, checkpoint_id: int) -> UploadState:
        if self.is_stored(checkpoint_id):
            return UploadState("stored")
        with self._lock:
            if checkpoint_id in self._damaged:
                return UploadState("failed", self._damaged[checkpoint_id])
            if checkpoint_id == self._current:
                return UploadState("uploading")
            if self._failure is not None:
                return UploadState("failed", self._failure)
        return UploadState("waiting")

    # -- the work

    def copy(self, checkpoint_id: int, copy: Copy) -> None:
        """Copy the files of a checkpoint; `complete` is to follow.

        Raises:
            CheckpointDamaged, StorageUnavailable, OSError: as `upload`.
        """
        self._claim()
        self._keep(checkpoint_id, copy)
        upload(self.storage, copy)

    def complete(self, checkpoint_id: int, copy: Copy, state: dict[str, Any]) -> None:
        """Write down that a copy is complete. state: as of `UploadRecord`."""
        self._keep(checkpoint_id, copy, is_complete=True, state=state)

    def remove(self, record: UploadRecord) -> None:
        """Remove a copy, then its record.

        Raises:
            StorageUnavailable, OSError: it has to be tried again.
        """
        self._claim()
        remove(self.storage, record.prefix)
        self.records.remove(record)

    def _keep(self, checkpoint_id: int, copy: Copy, **known: Any) -> None:
        run_id = int(copy.directory.parent.parent.name)
        self.records.keep(UploadRecord(checkpoint_id, run_id, self.address, copy.prefix, **known))

    def _claim(self) -> None:
        """Write only where no other data directory does: it would remove what this one needs."""
        if self._is_claimed:
            return
        own = self.records.owner()
        if not self.storage.create(OWNER_KEY, own):
            there = self.storage.read(OWNER_KEY, JSON_BYTES_MAX)
            if there is not None and there != own:
                raise StorageUnavailable(OTHERS_PLACE)
        self._is_claimed = True

    def close(self) -> None:
        """End what is in progress; it is done again at the next start."""
        self.storage.close()

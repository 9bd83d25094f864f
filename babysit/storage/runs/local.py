"""The run storage of a run whose directory is on this machine."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from babysit.storage.atomic import (
    sync_file,
    sync_folder,
    temporary_path,
    write_atomic,
    write_new,
)
from babysit.storage.journal import JournalReader
from babysit.storage.manifest import JSON_BYTES_MAX, MANIFEST, CheckpointDamaged, check_manifest
from babysit.storage.regular_file import NotARegularFile, open_regular
from babysit.storage.runs.inputs import announcements, inputs_of, remove_unannounced
from babysit.storage.runs.storage import (
    ARTIFACTS,
    CHECKPOINT_FILES,
    RANGE_BYTES_MAX,
    AttemptOver,
    Beginning,
    CheckpointConflict,
    InputFile,
    OffsetMismatch,
    RunStorage,
    UnknownName,
    check_checkpoint_name,
)

LOG_BYTES_MAX = 50 * 1024 * 1024
HEARTBEAT_BYTES = 24
WRITTEN = ("journal", "log", "heartbeat", "artifacts", "checkpoints", "end")


class LocalRunStorage(RunStorage):
    """Thread-safe. Nothing of an attempt that has ended is written."""

    def __init__(self, run_directory: Path, attempt: int) -> None:
        self._directory = run_directory
        self._attempt = attempt
        self._journal = run_directory / f"attempt-{attempt:04d}.journal"
        self._checkpoints = run_directory / "checkpoints"
        self._inputs: dict[str, InputFile] | None = None
        self._is_cut = False  # whether the journal ends with a complete record
        # One for each file, so that a heartbeat does not wait for the hash of a checkpoint.
        self._locks = {name: threading.RLock() for name in WRITTEN}
        self.is_over = (run_directory / f"exit-{attempt:04d}.json").exists()

    def close(self) -> None:
        """End the attempt. Returns when no write is in progress."""
        self.is_over = True
        for lock in self._locks.values():
            with lock:
                pass

    def begin(self) -> Beginning:
        with self._writing("checkpoints"), self._writing("journal"):
            self._cut()
            found = announcements(self._directory, self._attempt + 1)
            names = remove_unannounced(self._directory, found)
            inputs = inputs_of(self._directory, self._attempt, found)
            self._inputs = {item.path: item for item in inputs}
            log = self._directory / "worker.log"
            return Beginning(inputs, names, _size(log))

    def read_input(self, path: str, offset: int) -> bytes:
        self._check_open()
        if self._inputs is None:  # the server was started again meanwhile
            self.begin()
        if path not in (self._inputs or {}):
            raise UnknownName("this attempt reads no such file")
        with open_regular(self._directory.parent.parent / path) as file:
            return os.pread(file.fileno(), RANGE_BYTES_MAX, offset)

    def append_journal(self, offset: int, data: bytes) -> None:
        with self._writing("journal"):
            self._cut()
            _append(self._journal, offset, data, sync=True)

    def read_commands(self, offset: int, wait_s: float = 0.0) -> bytes:
        self._check_open()
        try:
            with open_regular(self._directory / "server.journal") as file:
                return os.pread(file.fileno(), RANGE_BYTES_MAX, offset)
        except FileNotFoundError:
            return b""

    def append_log(self, offset: int, data: bytes) -> None:
        log = self._directory / "worker.log"
        with self._writing("log"):
            _append(log, offset, data, sync=False)
            if offset + len(data) > LOG_BYTES_MAX:
                text = f"[{offset + len(data):,} bytes of output dropped]\n"
                log.write_text(text)

    def write_heartbeat(self, record: bytes) -> list[int]:
        if len(record) != HEARTBEAT_BYTES:
            raise UnknownName("this is no heartbeat")
        with self._writing("heartbeat"):
            path = self._directory / f"attempt-{self._attempt:04d}.heartbeat"
            write_atomic(path, record, sync=False, mode=0o600)
        return []

    def write_artifact(self, name: str, data: bytes) -> None:
        if name not in ARTIFACTS:
            raise UnknownName("there is no such artifact")
        with self._writing("artifacts"):
            write_atomic(self._directory / name, data, sync=False)

    # -- checkpoints

    def checkpoint_bytes(self, name: str) -> dict[str, int] | None:
        check_checkpoint_name(name)
        with self._writing("checkpoints"):
            if (self._checkpoints / name / MANIFEST).exists():
                return None
            tmp_path = temporary_path(self._checkpoints / name)
            return {file: _size(tmp_path / file) for file in CHECKPOINT_FILES}

    def append_checkpoint(self, name: str, file: str, offset: int, data: bytes) -> None:
        check_checkpoint_name(name)
        if file not in CHECKPOINT_FILES:
            raise UnknownName("a checkpoint has no such file")
        with self._writing("checkpoints"):
            if (self._checkpoints / name).exists():
                raise CheckpointConflict("the checkpoint is complete")
            tmp_path = temporary_path(self._checkpoints / name)
            tmp_path.mkdir(parents=True, exist_ok=True)
            _append(tmp_path / file, offset, data, sync=False)

    def finish_checkpoint(self, name: str, manifest: bytes) -> None:
        check_checkpoint_name(name)
        place = self._checkpoints / name
        with self._writing("checkpoints"):
            if place.exists():
                if (place / MANIFEST).read_bytes() != manifest:
                    raise CheckpointConflict("another checkpoint has this name")
                return
            tmp_path = temporary_path(place)
            try:
                self._complete(tmp_path, manifest)
            except (CheckpointDamaged, FileNotFoundError) as error:
                shutil.rmtree(tmp_path, ignore_errors=True)
                raise CheckpointConflict(str(error)) from error
            os.rename(tmp_path, place)
            sync_folder(self._checkpoints)

    def _complete(self, tmp_path: Path, manifest: bytes) -> None:
        if len(manifest) > JSON_BYTES_MAX:
            raise CheckpointDamaged("its manifest is too large")
        (tmp_path / MANIFEST).unlink(missing_ok=True)  # of a server that was killed here
        write_new(tmp_path / MANIFEST, manifest, sync=False)
        listed = check_manifest(tmp_path)["files"]
        for entry in list(tmp_path.iterdir()):
            if entry.name in listed or entry.name == MANIFEST:
                sync_file(entry)
            else:
                entry.unlink()
        sync_folder(tmp_path)

    def remove_checkpoint(self, name: str) -> None:
        check_checkpoint_name(name)
        with self._writing("checkpoints"):
            shutil.rmtree(self._checkpoints / name, ignore_errors=True)

    # -- the end

    def end(self, ended: dict[str, Any]) -> None:
        with self._writing("end"):
            path = self._directory / f"exit-{self._attempt:04d}.json"
            write_atomic(path, json.dumps({**ended, "attempt": self._attempt}))
            self.is_over = True

    @contextmanager
    def _writing(self, what: str) -> Iterator[None]:
        with self._locks[what]:
            self._check_open()
            yield

    def _check_open(self) -> None:
        if self.is_over or not self._directory.is_dir():
            raise AttemptOver("the attempt has ended")

    def _cut(self) -> None:
        """Once: remove what a power cut may have left behind the last complete record."""
        if self._is_cut:
            return
        reader = JournalReader(self._journal)
        while reader.read():
            pass
        if self._journal.exists():
            os.truncate(self._journal, reader.offset)
        self._is_cut = True


def _append(path: Path, offset: int, data: bytes, *, sync: bool) -> None:
    """Add bytes at the end of a file; on a failure it is as before."""
    if path.is_symlink():
        raise NotARegularFile(f"{path.name} is a link")
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        length = os.fstat(fd).st_size
        if length != offset:
            raise OffsetMismatch(length)
        try:
            left, place = memoryview(data), offset
            while left:
                written = os.pwrite(fd, left, place)
                left, place = left[written:], place + written
            if sync:
                os.fsync(fd)
        except OSError:
            os.ftruncate(fd, offset)
            raise
    finally:
        os.close(fd)
    if sync and offset == 0:
        sync_folder(path.parent)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0

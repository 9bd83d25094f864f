"""Passes on what a worker writes into its own directory: in order, complete, and nothing twice.

The bytes of the journal are the order of everything: a checkpoint is sent before the record that
announces it, and removed after the record that says so.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from babysit.remote.retrying import until_done
from babysit.storage.journal import Frame, JournalReader
from babysit.storage.manifest import MANIFEST
from babysit.storage.runs.inputs import Announcements
from babysit.storage.runs.storage import (
    ARTIFACTS,
    CHECKPOINT_FILES,
    RANGE_BYTES_MAX,
    CheckpointConflict,
    OffsetMismatch,
    RunStorage,
)

LOOK_EVERY_S = 0.05  # for something new to send
LOG_EVERY = 10  # looks


class Mirror:
    """What one attempt has written so far, and how much of it is sent.

    over: set when nothing is to be sent any more.
    """

    def __init__(
        self,
        storage: RunStorage,
        run_directory: Path,
        attempt: int,
        announced: Announcements,
        over: threading.Event,
    ) -> None:
        """announced: by earlier attempts."""
        self._storage = storage
        self._directory = run_directory
        self._journal = run_directory / f"attempt-{attempt:04d}.journal"
        self._reader = JournalReader(self._journal)
        self._announced = announced
        self._over = over
        self._log_offset = self._log_sent = 0  # here, and there
        self._artifacts: dict[str, int] = {}  # name -> time of the last change sent
        self._looks = 0
        self.complete = threading.Event()  # set: send the rest, then return

    def begin(self, log_bytes: int) -> None:
        """log_bytes: of the run's log, which earlier attempts may have begun."""
        self._log_sent = log_bytes

    def run(self) -> None:
        """Send until `complete` is set and everything is sent.

        Raises:
            AttemptOver: the server takes nothing any more.
        """
        while True:
            is_last = self.complete.is_set()
            self._send_journal()
            if is_last or self._looks % LOG_EVERY == 0:
                self._send_log()
                self._send_artifacts()
            self._looks += 1
            if is_last:
                return
            self.complete.wait(LOOK_EVERY_S)

    def _until_done(self, act: Callable[[], None]) -> None:
        until_done(act, self._over)

    # -- the journal, and with it the checkpoints

    def _send_journal(self) -> None:
        begin = self._reader.offset
        while records := self._reader.read():
            bodies = [
                record.body
                for record in records
                if isinstance(record, Frame) and isinstance(record.body, dict)
            ]
            removed = []
            for body in bodies:
                ident = int(body.get("checkpoint_id") or 0)
                if body["kind"] == "checkpoint_saved":
                    self._send_checkpoint(str(body["directory"]))
                elif body["kind"] == "checkpoint_removed" and ident in self._announced.directories:
                    removed.append(self._announced.directories[ident])
                self._announced.note(body)
            self._send_bytes(begin, self._reader.offset)
            for name in removed:
                self._until_done(partial(self._storage.remove_checkpoint, name))
            begin = self._reader.offset

    def _send_bytes(self, begin: int, end: int) -> None:
        with self._journal.open("rb") as file:
            while begin < end:
                file.seek(begin)
                data = file.read(min(RANGE_BYTES_MAX, end - begin))
                sent = self._append(begin, data)
                begin = sent

    def _append(self, offset: int, data: bytes) -> int:
        """Returns: the length that the server has then."""
        try:
            self._until_done(lambda: self._storage.append_journal(offset, data))
        except OffsetMismatch as error:  # an answer was lost, or the server was cut off
            return error.length
        return offset + len(data)

    def _send_checkpoint(self, name: str) -> None:
        """Send a checkpoint. One that retention has removed meanwhile is not missed: the record
        that says so follows.
        """
        directory = self._directory / "checkpoints" / name
        try:
            # A second name for each file: retention may remove the first while it is sent.
            held = self._directory / f".sending-{name}"
            shutil.rmtree(held, ignore_errors=True)
            shutil.copytree(directory, held, copy_function=_link)
        except OSError:
            shutil.rmtree(held, ignore_errors=True)
            return
        try:
            self._send_files(name, held)
        finally:
            shutil.rmtree(held, ignore_errors=True)

    def _send_files(self, name: str, held: Path) -> None:
        manifest = (held / MANIFEST).read_bytes()
        for _ in range(2):  # once more, if what was there already was of another state
            there = until_done(lambda: self._storage.checkpoint_bytes(name), self._over)
            if there is not None:
                for file in CHECKPOINT_FILES:
                    if (held / file).exists():
                        self._send_file(name, held / file, there.get(file, 0))
            try:
                self._until_done(lambda: self._storage.finish_checkpoint(name, manifest))
            except CheckpointConflict:
                continue
            return

    def _send_file(self, name: str, path: Path, offset: int) -> None:
        with path.open("rb") as file:
            while True:
                file.seek(offset)
                data = file.read(RANGE_BYTES_MAX)
                if not data:
                    return
                offset = self._send_range(name, path.name, offset, data)

    def _send_range(self, name: str, file: str, offset: int, data: bytes) -> int:
        try:
            self._until_done(lambda: self._storage.append_checkpoint(name, file, offset, data))
        except OffsetMismatch as error:
            return error.length
        return offset + len(data)

    # -- what is only for people

    def _send_log(self) -> None:
        log = self._directory / "worker.log"
        size = log.stat().st_size if log.exists() else 0
        if size < self._log_offset:  # it was emptied: see `cap_log`
            self._log_offset = 0
        while self._log_offset < size:
            with log.open("rb") as file:
                file.seek(self._log_offset)
                data = file.read(RANGE_BYTES_MAX)
            if not data:
                return
            try:
                self._until_done(partial(self._storage.append_log, self._log_sent, data))
            except OffsetMismatch as error:
                there = error.length - self._log_sent
                self._log_sent = error.length
                if 0 < there <= len(data):  # an answer was lost
                    self._log_offset += there
                continue
            self._log_sent += len(data)
            self._log_offset += len(data)

    def _send_artifacts(self) -> None:
        for name in ARTIFACTS:
            path = self._directory / name
            try:
                changed_ns, data = path.stat().st_mtime_ns, path.read_bytes()
            except OSError:
                continue
            if self._artifacts.get(name) != changed_ns:
                self._until_done(partial(self._storage.write_artifact, name, data))
                self._artifacts[name] = changed_ns


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)

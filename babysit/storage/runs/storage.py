"""What a worker needs of the place where its run is kept, wherever that is.

A worker on the server's machine works in the run's directory itself. Any other one works in a
directory of its own, and its companion process (`babysit/remote`) passes on what it writes through
this interface. Every write is idempotent: an answer that was lost is asked for again.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from babysit.storage.manifest import EXTRA, FILES

RANGE_BYTES_MAX = 4 * 1024 * 1024  # of one write
ARTIFACTS = ("picture.json",)  # the newest content counts
CHECKPOINT_FILES = (*FILES, EXTRA)
CHECKPOINT_NAME = re.compile(r"\d{1,18}(-\d{1,9})?", re.ASCII)  # `<step>` or `<step>-<number>`


class OffsetMismatch(Exception):
    """Bytes do not follow what is there. length: of what is there."""

    def __init__(self, length: int) -> None:
        super().__init__(f"there are {length} bytes")
        self.length = length


class AttemptOver(Exception):
    """The attempt has ended, or another one has taken its place: nothing of it is kept any more."""


class CheckpointConflict(Exception):
    """A checkpoint of this name is there with other content, or the files are not complete."""


class UnknownName(ValueError):
    """A file, a checkpoint or an artifact has a name that none has."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that the worker reads before it begins.

    path: relative to the data directory, such as `runs/7/run.json`.
    """

    path: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Beginning:
    """What an attempt finds.

    checkpoints: names that are in use; the files of only one of them are among the inputs.
    log_bytes: what is there already of the run's log.
    """

    inputs: list[InputFile] = field(default_factory=list)
    checkpoints: list[str] = field(default_factory=list)
    log_bytes: int = 0


class RunStorage(ABC):
    """One attempt of one run. All methods may raise `OSError`: nothing was written.

    And `AttemptOver`: nothing will be written any more.
    """

    @abstractmethod
    def begin(self) -> Beginning:
        """What there is; checkpoints that were never announced are removed."""

    @abstractmethod
    def read_input(self, path: str, offset: int) -> bytes:
        """Bytes of an input file from an offset on; empty at its end.

        Raises:
            UnknownName: it is not an input of this attempt.
        """

    @abstractmethod
    def append_journal(self, offset: int, data: bytes) -> None:
        """Add bytes to the attempt's journal; they are on the disk afterwards.

        Raises:
            OffsetMismatch: the journal has another length than `offset`.
        """

    @abstractmethod
    def read_commands(self, offset: int, wait_s: float = 0.0) -> bytes:
        """Bytes of `server.journal` from an offset on; waits for them, or returns nothing."""

    @abstractmethod
    def append_log(self, offset: int, data: bytes) -> None:
        """Add to the output of the worker. A log that grows too large is emptied.

        Raises:
            OffsetMismatch: the log has another length than `offset`.
        """

    @abstractmethod
    def write_heartbeat(self, record: bytes) -> list[int]:
        """Keep the newest heartbeat. Returns: signals that the worker is to be sent."""

    @abstractmethod
    def write_artifact(self, name: str, data: bytes) -> None:
        """Keep the newest content of an artifact.

        Raises:
            UnknownName: there is no such artifact.
        """

    @abstractmethod
    def checkpoint_bytes(self, name: str) -> dict[str, int] | None:
        """How much there is of each file of a checkpoint; None: the checkpoint is complete."""

    @abstractmethod
    def append_checkpoint(self, name: str, file: str, offset: int, data: bytes) -> None:
        """Add bytes to a file of a checkpoint that is not complete.

        Raises:
            OffsetMismatch: the file has another length than `offset`.
            CheckpointConflict: the checkpoint is complete.
            UnknownName: no checkpoint has such a name, or such a file.
        """

    @abstractmethod
    def finish_checkpoint(self, name: str, manifest: bytes) -> None:
        """Make a checkpoint complete: it is there whole or not at all. For the same manifest again,
        nothing happens.

        Raises:
            CheckpointConflict: one is there with another manifest, or the files differ from this
                one; what there was of them is removed.
        """

    @abstractmethod
    def remove_checkpoint(self, name: str) -> None:
        """Remove a checkpoint whose removal the journal says. One that is not there is no error."""

    @abstractmethod
    def end(self, ended: dict[str, Any]) -> None:
        """Say how the worker's process ended. Nothing can be written afterwards."""


def check_checkpoint_name(name: str) -> None:
    if not CHECKPOINT_NAME.fullmatch(name):
        raise UnknownName("no checkpoint has such a name")

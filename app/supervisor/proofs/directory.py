"""The directory that a proof works in: what a recovery reads, and no more."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from babysit.protocol.events import Exactness
from babysit.storage.journal import (
    Frame,
    JournalReader,
    JournalWriter,
    Points,
    encode_event,
    encode_points,
)

from ...store.journals.spec_file import RUN_FILE
from ...store.runs.projection import read_event
from .candidates import Candidate

NAME = "proofs"  # in the data directory
RECORDED, ATTEMPT = 1, 2  # attempts: the recorded one, and the one that repeats it


def remove_all(data_dir: Path) -> None:
    """Remove what earlier proofs have left."""
    shutil.rmtree(data_dir / NAME, ignore_errors=True)


def make(run_directory: Path, candidate: Candidate, recorded: list[Points]) -> Path:
    """A directory with the specification, the checkpoint, and a journal of what came after it.

    The files of the checkpoint are links where the file system has them: the training may remove
    its own at any time.

    Raises:
        OSError: the checkpoint is gone, or the disk is full.
    """
    data_dir = run_directory.parent.parent
    remove_all(data_dir)
    directory = data_dir / NAME / str(candidate.run_id)
    name = str(candidate.saved["directory"])
    source, checkpoint = run_directory / "checkpoints" / name, directory / "checkpoints" / name
    checkpoint.mkdir(parents=True, mode=0o700)
    for file in source.iterdir():
        _link(file, checkpoint / file.name)
    shutil.copyfile(run_directory / RUN_FILE.name, directory / RUN_FILE.name)
    journal = JournalWriter(_journal(directory, RECORDED))
    try:
        journal.append([encode_event(candidate.saved), *map(encode_points, recorded)])
    finally:
        journal.close()
    return directory


def _journal(directory: Path, attempt: int) -> Path:
    return directory / f"attempt-{attempt:04d}.journal"


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except PermissionError:  # the file system has no links
        shutil.copyfile(source, target, follow_symlinks=False)


def result(directory: Path) -> Exactness | None:
    """What the process has found; None: nothing."""
    found = None
    reader = JournalReader(_journal(directory, ATTEMPT))
    while records := reader.read():
        for record in records:
            if isinstance(record, Frame) and isinstance(record.body, dict):
                event = read_event(record.body)
                found = event if isinstance(event, Exactness) else found
    return found

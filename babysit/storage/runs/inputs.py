"""Which files a worker reads before it begins: the run's own, and those of what it continues."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from babysit.storage.journal import Frame, JournalReader
from babysit.storage.manifest import MANIFEST, Announced, CheckpointDamaged, check_manifest
from babysit.storage.objects.address import configured_address
from babysit.storage.objects.restoring import replace_damaged
from babysit.storage.runs.storage import CHECKPOINT_FILES, InputFile

RUN_FILES = ("run.json", "recipe.yaml")
OF_ATTEMPT = ("attempt-{:04d}.journal", "attempt-{:04d}.heartbeat", "exit-{:04d}.json")


@dataclass(slots=True)
class Announcements:
    """The checkpoints that journals announce and did not remove: id -> directory, in order."""

    directories: dict[int, str] = field(default_factory=dict)
    announced: dict[int, Announced] = field(default_factory=dict)

    def read(self, journal: Path) -> None:
        """Follow a journal to its end."""
        reader = JournalReader(journal)
        while records := reader.read():
            for record in records:
                if isinstance(record, Frame) and isinstance(record.body, dict):
                    self.note(record.body)

    def note(self, body: dict[str, Any]) -> None:
        """Follow one event."""
        if body["kind"] == "checkpoint_saved":
            ident = int(body["checkpoint_id"])
            self.directories[ident] = str(body["directory"])
            self.announced[ident] = Announced(body["state_sha256"], body["bytes"])
        elif body["kind"] == "checkpoint_removed":
            self.announced.pop(int(body["checkpoint_id"]), None)

    @property
    def names(self) -> set[str]:
        """The directories of the checkpoints that are still there."""
        return {self.directories[ident] for ident in self.announced}


def announcements(run_directory: Path, attempt: int) -> Announcements:
    """What all attempts before this one said."""
    found = Announcements()
    for earlier in range(1, attempt):
        found.read(run_directory / OF_ATTEMPT[0].format(earlier))
    return found


def remove_unannounced(run_directory: Path, found: Announcements) -> list[str]:
    """Remove what a worker wrote and could not announce any more. Returns: the names left."""
    checkpoints = run_directory / "checkpoints"
    checkpoints.mkdir(exist_ok=True)
    for entry in list(checkpoints.iterdir()):
        if entry.name not in found.names:
            shutil.rmtree(entry, ignore_errors=True)
    return sorted(entry.name for entry in checkpoints.iterdir())


def inputs_of(run_directory: Path, attempt: int, found: Announcements) -> list[InputFile]:
    """All that an attempt reads of its own run, and of the one that it forks from."""
    data_dir = run_directory.parent.parent
    paths = [run_directory / name for name in RUN_FILES]
    for earlier in range(1, attempt):
        paths += [run_directory / name.format(earlier) for name in OF_ATTEMPT]
    newest = _newest_valid(run_directory, found)
    spec = json.loads((run_directory / RUN_FILES[0]).read_text())
    if newest is not None:
        paths += _checkpoint_files(newest)
    elif spec.get("parent_directory") and spec.get("parent"):
        directory = PurePosixPath(spec["parent_directory"])
        parent = run_directory.parent / str(int(spec["parent"]["run_id"]))
        if directory.is_absolute() or ".." in directory.parts:
            raise ValueError("a checkpoint lies in the data directory")
        if spec.get("parent_state_sha256") and configured_address():
            announced = Announced(spec["parent_state_sha256"], spec["parent_bytes"])
            _is_whole(data_dir / directory, announced)  # if not, the worker says so
        paths += [*_checkpoint_files(data_dir / directory), *parent.glob("attempt-*.journal")]
    return [
        InputFile(path.relative_to(data_dir).as_posix(), path.stat().st_size)
        for path in paths
        if path.is_file() and not path.is_symlink()
    ]


def _newest_valid(run_directory: Path, found: Announcements) -> Path | None:
    for ident in sorted(found.announced, reverse=True):
        directory = run_directory / "checkpoints" / found.directories[ident]
        if _is_whole(directory, found.announced[ident]):
            return directory
    return None


def _is_whole(directory: Path, announced: Announced | None) -> bool:
    """Whether a checkpoint can be used; one that is gone or damaged is fetched if it has a copy."""
    try:
        check_manifest(directory, announced)
    except CheckpointDamaged as error:
        try:
            replace_damaged(directory, announced, error)
        except CheckpointDamaged:
            return False
    return True


def _checkpoint_files(directory: Path) -> Iterator[Path]:
    yield from (directory / name for name in (*CHECKPOINT_FILES, MANIFEST))

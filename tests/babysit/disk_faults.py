"""Makes one call to the operating system fail or be the last one, and shows what a cut leaves.

The calls are those of `os` that change files. Nothing of Babysit is replaced: it meets a disk that
fails.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

How = Literal["kill", "full", "broken"]
HOW: tuple[How, ...] = ("kill", "full", "broken")
CALLS = ("open", "write", "pwrite", "fsync", "ftruncate", "rename", "mkdir", "unlink", "rmdir")
ERRORS = {"full": errno.ENOSPC, "broken": errno.EIO}


class Dead(BaseException):
    """The process ends here: nothing that comes later reaches the disk."""


@dataclass
class Disk:
    """Counts calls, fails the one that is due, and remembers what is safe from a power cut."""

    fails_at: int
    how: How
    calls: int = 0
    synced: dict[int, int] = field(default_factory=dict)  # inode: bytes
    renamed: list[tuple[Path, Path]] = field(default_factory=list)  # not yet kept by the folder
    created: set[Path] = field(default_factory=set)  # nor these

    @property
    def was_reached(self) -> bool:
        return self.calls >= self.fails_at

    def call(self, name: str, real: Callable[..., Any], *given: Any, **named: Any) -> Any:
        if self.how == "kill" and self.was_reached:
            raise Dead
        self.calls += 1
        if self.calls == self.fails_at:
            self._leave_a_part(name, real, *given)
            if self.how == "kill":
                raise Dead
            raise OSError(ERRORS[self.how], os.strerror(ERRORS[self.how]))
        is_new = name == "open" and given[1] & os.O_CREAT and not Path(given[0]).exists()
        result = real(*given, **named)
        if is_new:
            self.created.add(Path(given[0]))
        elif name == "fsync":
            self._note_synced(given[0])
        elif name == "rename":
            self.renamed.append((Path(given[0]), Path(given[1])))
        return result

    def _leave_a_part(self, name: str, real: Callable[..., Any], *given: Any) -> None:
        """A write gets half way; a failed sync may drop what it was to keep."""
        if name == "write":
            real(given[0], bytes(given[1])[: len(given[1]) // 2])
        elif name == "fsync" and self.how == "broken" and Path(_path(given[0])).is_file():
            safe, size = self.synced.get(_inode(given[0]), 0), os.fstat(given[0]).st_size
            with open(_path(given[0]), "r+b") as file:
                file.seek(safe)
                file.write(bytes(size - safe))

    def _note_synced(self, fd: int) -> None:
        path = Path(_path(fd))
        self.synced[_inode(fd)] = os.fstat(fd).st_size
        if path.is_dir():
            self.renamed = [pair for pair in self.renamed if pair[1].parent != path]
            self.created = {made for made in self.created if made.parent != path}

    def cut_power(self, folder: Path) -> None:
        """Leave of `folder` what was synced: bytes of files, and names."""
        for before, after in reversed(self.renamed):
            if after.exists():
                os.rename(after, before)
        for made in self.created:
            made.unlink(missing_ok=True)
        for path in folder.rglob("*"):
            if path.is_file():
                os.truncate(path, min(path.stat().st_size, self.synced.get(path.stat().st_ino, 0)))


def _path(fd: int) -> str:
    return os.readlink(f"/proc/self/fd/{fd}")


def _inode(fd: int) -> int:
    return os.fstat(fd).st_ino


@contextmanager
def failing(at: int, how: How) -> Iterator[Disk]:
    """A disk whose `at`-th call from here on fails; whoever is killed by it leaves the block."""
    disk = Disk(at, how)

    def watched(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *given, **named: disk.call(name, real, *given, **named)

    with contextlib.ExitStack() as stack:
        for name in CALLS:
            stack.enter_context(patch.object(os, name, watched(name, getattr(os, name))))
        stack.enter_context(contextlib.suppress(Dead))
        yield disk


def copy_of(folder: Path, name: str) -> Path:
    """Another folder with the same content, for the next trial."""
    copied = folder.with_name(name)
    shutil.copytree(folder, copied)
    return copied

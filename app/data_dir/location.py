"""Where a data directory lay when it was last served, which tells a copy from the original."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from babysit.storage.atomic import PRIVATE, write_atomic

NAME = "location.json"
# Files that are written in place: shared with another directory, they would be its files, too.
WRITTEN_IN_PLACE = (
    "server.lock",
    "order.journal",
    "runs/*/lock",
    "runs/*/server.journal",
    "searches/*/search.journal",
)


def came_from(data_dir: Path) -> str | None:
    """The path at which a directory was last served, if it was copied, moved or restored since."""
    known, here = _known(data_dir), _here(data_dir)
    is_here = known is None or all(known.get(name) == here[name] for name in here)
    return None if known is None or is_here else str(known["path"])


def shared_files(data_dir: Path) -> str | None:
    """What makes a directory a copy whose files are still those of the original; None: nothing."""
    for path in _written_in_place(data_dir):
        if path.is_symlink():
            return "symbolic links"
    if came_from(data_dir) is not None:
        for path in _written_in_place(data_dir):
            if path.stat().st_nlink > 1:
                return "hard links"
    return None


def original_with(data_dir: Path, database: str | None) -> str | None:
    """The directory that this one was copied from, if it is still there and has this database.

    database: of `database_outside`. Another machine's directories cannot be looked at.
    """
    known = _known(data_dir)
    if database is None or known is None or known.get("database") != database:
        return None
    if came_from(data_dir) is None or not _is_there(known):
        return None
    return str(known["path"])


def database_outside(data_dir: Path, sql_url: str) -> str | None:
    """What names a database that a copy of the directory does not copy; None: it lies within."""
    url = make_url(sql_url)
    if url.get_backend_name() != "sqlite":
        port = url.port or url.query.get("port") or ""
        host = url.host or url.query.get("host") or ""
        return f"{url.get_backend_name()}://{host}:{port}/{url.database or ''}"
    file = Path(url.database or "").resolve()
    return None if file.is_relative_to(data_dir.resolve()) else str(file)


def remember_location(data_dir: Path, database: str | None = None) -> None:
    """Write down that the directory is served here, with this database.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    here = {**_here(data_dir), "database": database}
    if _known(data_dir) != here:
        write_atomic(data_dir / NAME, json.dumps(here), mode=PRIVATE)


def _written_in_place(data_dir: Path) -> Iterator[Path]:
    for pattern in WRITTEN_IN_PLACE:
        yield from data_dir.glob(pattern)


def _here(data_dir: Path) -> dict[str, Any]:
    # The number of the device changes with a reboot; path and inode do not.
    return {"path": str(data_dir), "inode": os.stat(data_dir).st_ino}


def _is_there(known: dict[str, Any]) -> bool:
    """Whether a directory is still where it was served."""
    try:
        return os.stat(known["path"]).st_ino == known.get("inode")
    except (OSError, ValueError):
        return False


def _known(data_dir: Path) -> dict[str, Any] | None:
    try:
        known = json.loads((data_dir / NAME).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    is_location = isinstance(known, dict) and isinstance(known.get("path"), str)
    return known if is_location else None

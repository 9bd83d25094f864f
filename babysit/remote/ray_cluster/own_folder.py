"""A folder for one actor. An actor may be killed at any time; the next one removes what it left."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

LOCK = "lock"  # held by the process whose folder it is


def make_own_folder() -> tuple[Path, int]:
    """A new folder, and the open file that keeps it: it is removed once that is closed.

    Raises:
        PermissionError: another account has taken the place of the folders.
        OSError: the disk is full or cannot be written.
    """
    base = Path(tempfile.gettempdir(), f"babysit-ray-{os.getuid()}")
    base.mkdir(mode=0o700, exist_ok=True)
    if base.is_symlink() or base.stat().st_uid != os.getuid():
        raise PermissionError(f"{base} belongs to another account")
    with (base / LOCK).open("a") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        for folder in base.iterdir():
            if folder.is_dir() and not _is_kept(folder):
                shutil.rmtree(folder, ignore_errors=True)
        own = Path(tempfile.mkdtemp(dir=base))
        kept = os.open(own / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(kept, fcntl.LOCK_EX)
    return own, kept


def _is_kept(folder: Path) -> bool:
    try:
        with (folder / LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False

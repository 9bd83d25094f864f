"""How a program finds the server of a data directory: `server.json`, the lock and the token."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from babysit.storage.file_lock import has_open, is_locked

SERVER_FILE = "server.json"
SERVER_LOCK = "server.lock"
TOKEN_FILE = "token"  # of the owner


def is_server_there(data_dir: Path) -> bool:
    """Whether a server works on the directory.

    Raises:
        OSError: that is not known.
    """
    return is_locked(data_dir / SERVER_LOCK)


def server_of(data_dir: Path) -> dict[str, Any] | None:
    """What the server that works on a directory says of itself; None: there is none, or it is mute.

    A file that a killed server left counts for nothing: its lock is free. Nor does the file that
    was copied from another directory: its process does not hold the lock of this one.

    Raises:
        OSError: whether a server works there is not known.
    """
    if not is_server_there(data_dir):
        return None
    try:
        said = json.loads((data_dir / SERVER_FILE).read_text())
        if not (isinstance(said, dict) and "url" in said and isinstance(said.get("pid"), int)):
            return None
    except (OSError, ValueError, RecursionError):
        return None
    is_known = Path("/proc/self/fd").is_dir()
    return said if has_open(said["pid"], data_dir / SERVER_LOCK) or not is_known else None

"""Where a server can be reached: for its people, and, while it serves, in `server.json`."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babysit.storage.atomic import PRIVATE, write_atomic
from babysit.storage.file_lock import has_open

from ..settings import EVERYWHERE, Settings
from .lock import NAME as LOCK
from .lock import is_server_there

NAME = "server.json"

log = logging.getLogger(__name__)


def local_url(settings: Settings) -> str:
    """The address for clients on the same machine."""
    host = settings.host.strip("[]")
    return _url(EVERYWHERE.get(host, host), settings.port)


def page_url(settings: Settings) -> str:
    """For people: by the name they know, if there is one for this very address."""
    named = settings.allowed_hosts if not settings.is_loopback else []
    url = _url(named[0], settings.port) if named else local_url(settings)
    return f"{url}{settings.root_path}/"


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextlib.contextmanager
def announced(settings: Settings) -> Iterator[None]:
    """Say in the data directory where the server is; only its owner can read that.

    Where that cannot be written, the server works without it: commands do not find it.
    """
    path = settings.data_dir / NAME
    said = {
        "url": local_url(settings),
        "page": page_url(settings),
        "token_from": "BABYSIT_TOKEN" if settings.token else "token",
        "pid": os.getpid(),
    }
    try:
        write_atomic(path, json.dumps(said), mode=PRIVATE)
    except OSError as error:
        log.warning("%s cannot be written; commands do not find the server: %s", path, error)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def address_of(data_dir: Path) -> str | None:
    """The URL of the server that works on a directory; None: there is none, or it said nothing.

    A file that a killed server left counts for nothing: its lock is free. Nor does the file that
    was copied from another directory: its process does not hold the lock of this one.

    Raises:
        OSError: whether a server works there is not known.
    """
    said = server_of(data_dir)
    return None if said is None else str(said["url"])


def server_of(data_dir: Path) -> dict[str, Any] | None:
    """What the server that works on a directory says of itself, or None.

    Raises:
        OSError: whether a server works there is not known.
    """
    if not is_server_there(data_dir):
        return None
    try:
        said = json.loads((data_dir / NAME).read_text())
        if not (isinstance(said, dict) and "url" in said and isinstance(said.get("pid"), int)):
            return None
    except (OSError, ValueError, RecursionError):
        return None
    is_known = Path("/proc/self/fd").is_dir()
    return said if has_open(said["pid"], data_dir / LOCK) or not is_known else None

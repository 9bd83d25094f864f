"""Where the server of a data directory can be reached: `server.json`, as long as it serves."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from app.lock import is_server_there
from app.settings import Settings

NAME = "server.json"
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # listened on, but no place to call


@contextlib.contextmanager
def announced(settings: Settings) -> Iterator[None]:
    """Say in the data directory where the server is; only its owner can read that."""
    host = settings.host.strip("[]")
    host = EVERYWHERE.get(host, host)
    url = f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"
    path = settings.data_dir / NAME
    beside = path.with_name(f".{NAME}")
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w") as file:
        json.dump({"url": url, "pid": os.getpid()}, file)
    os.rename(beside, path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def address_of(data_dir: Path) -> str | None:
    """The URL of the server that works on a directory; None: there is none, or it said nothing.

    A file that a killed server left counts for nothing: its lock is free.
    """
    if not is_server_there(data_dir):
        return None
    try:
        return str(json.loads((data_dir / NAME).read_text())["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None

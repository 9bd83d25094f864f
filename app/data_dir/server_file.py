"""Where a server can be reached: for its people, and, while it serves, in `server.json`."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Iterator

from babysit.storage.atomic import PRIVATE, write_atomic
from babysit.storage.server_file import SERVER_FILE

from ..settings import EVERYWHERE, Settings

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
    path = settings.data_dir / SERVER_FILE
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

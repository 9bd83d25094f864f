"""The data directory of the server that `BABYSIT_URL` names, for a script started by hand."""

from __future__ import annotations

import http.client
import json
import os
from pathlib import Path

from babysit.attached.say import say
from babysit.client.connection import BabysitError, Connection
from babysit.storage.server_file import is_server_there

URL = "BABYSIT_URL"
RESPONSE_WITHIN_S = 5.0  # the training waits for it, once


def data_dir_of_server() -> Path | None:
    """Where the server at `BABYSIT_URL` keeps its runs.

    Returns:
        None: there is no such variable, or, with one line that says why, no such server here.
    """
    url = os.environ.get(URL)
    if not url:
        return None
    try:
        return _directory(url)
    except (BabysitError, OSError, http.client.HTTPException, ValueError) as error:
        say(f"{URL} is of no use to this run, which is recorded without that server. {error}")
        return None


def _directory(url: str) -> Path:
    """
    Raises:
        BabysitError: no server answers there, it knows no such token, or it is elsewhere.
    """
    server = Connection(url)
    with server.open("/api/session/data-directory", timeout_s=RESPONSE_WITHIN_S) as response:
        said = json.load(response)
    named = said.get("data_dir") if isinstance(said, dict) else None
    if not isinstance(named, str):
        raise BabysitError(
            f"The server at {url} does not say where it keeps its runs: BABYSIT_TOKEN must be the "
            "owner's token."
        )
    directory = Path(named)
    if not directory.is_absolute() or not is_server_there(directory):
        raise BabysitError(f"The server at {url} is not on this machine.")
    return directory

"""`babysit trash`: what is in the trash, and emptying it."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from babysit.client import BabysitError, Client
from babysit.storage.server_file import server_of

from ..data_dir.lock import locked
from ..settings import Settings
from .settings import data_dir_settings

RESPONSE_WITHIN_S = 300.0  # of a server that removes many files


def register(commands: Any) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("trash", help="tell what is in the trash, or empty it")
    parser.add_argument("do", nargs="?", choices=["empty"], help="remove it for good")
    parser.add_argument("--data-dir", type=Path, help="directory of all data (default var)")
    parser.set_defaults(act=trash)


def trash(arguments: argparse.Namespace) -> None:
    """Tell what emptying the trash removes and gives back; with `empty`, do it."""
    settings = data_dir_settings(arguments)
    if not settings.data_dir.is_dir():
        sys.exit(f"babysit: the data directory {settings.data_dir} does not exist.")
    is_asked = arguments.do == "empty"
    try:
        found = (
            _alone(settings, empties=is_asked)
            if server_of(settings.data_dir) is None
            else _ask_server(settings, "DELETE" if is_asked else "GET")
        )
    except (BabysitError, OSError) as error:
        sys.exit(f"babysit: the trash cannot be read or emptied: {str(error).rstrip('.')}.")
    runs = f"{len(found['run_ids']):,} runs, {found['bytes'] / 1e6:,.1f} MB"
    print(f"Removed: {runs}." if is_asked else f"`babysit trash empty` removes {runs}.")
    for kept in found["kept"]:
        print(f"Run {kept['run_id']} stays: {kept['reason']}")


def _ask_server(settings: Settings, method: str) -> dict[str, Any]:
    client = Client(token=settings.token, data_dir=settings.data_dir)
    with client.open("/api/trash", method=method, timeout_s=RESPONSE_WITHIN_S) as response:
        found: dict[str, Any] = json.load(response)
        return found


def _alone(settings: Settings, *, empties: bool) -> dict[str, Any]:
    from ..store.recovery.integrity import open_database
    from ..store.runs.removal import empty_trash, look_into_trash
    from ..store.store import Store

    with locked(settings.data_dir, settings.sql_url):
        store = Store(open_database(settings.sql_url, settings.runs_dir), settings.runs_dir)
        try:
            if empties:
                found = empty_trash(store)
            else:
                with store.reading() as session:
                    found = look_into_trash(session, settings.runs_dir)
        finally:
            store.close()
    kept = [{"run_id": run_id, "reason": reason} for run_id, reason in found.kept.items()]
    return {"run_ids": found.run_ids, "bytes": found.bytes, "kept": kept}

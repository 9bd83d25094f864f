"""Scripts that the command line registered in a data directory, and that a server may start.

A request names a registration, never a path or arguments: who can only reach the server cannot
make it run anything that the owner of the account has not run.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from babysit.protocol.spec.run_spec import ScriptSpec
from babysit.storage.atomic import PRIVATE, write_atomic
from babysit.storage.regular_file import open_regular

FOLDER = "scripts"
BYTES_MAX = 1_000_000
ID_LENGTH = 16


def script_id(script: ScriptSpec) -> str:
    """The same for the same script with the same arguments in the same folder."""
    place = json.dumps([script.path, script.argv, script.cwd, script.python])
    return hashlib.sha256(place.encode()).hexdigest()[:ID_LENGTH]


def register(data_dir: Path, script: ScriptSpec) -> str:
    """Let the server of a data directory start a script. Returns: the id of the registration.

    Raises:
        OSError: it cannot be written.
    """
    folder = data_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    ident = script_id(script)
    write_atomic(folder / f"{ident}.json", json.dumps(asdict(script)), mode=PRIVATE)
    return ident


def registered(data_dir: Path, ident: str) -> ScriptSpec | None:
    """A registered script; None if there is none, or if another account could have written it."""
    if not (ident.isascii() and ident.isalnum() and len(ident) == ID_LENGTH):
        return None
    path = data_dir / FOLDER / f"{ident}.json"
    try:
        with open_regular(path, BYTES_MAX) as file:
            about = os.fstat(file.fileno())
            body: Any = json.loads(file.read())
    except (OSError, ValueError, RecursionError):
        return None
    others = stat.S_IWGRP | stat.S_IWOTH
    if about.st_uid != os.getuid() or about.st_mode & others or not isinstance(body, dict):
        return None
    known = {item.name for item in fields(ScriptSpec)}
    try:
        return ScriptSpec(**{name: body[name] for name in body if name in known})
    except TypeError:
        return None


def all_registered(data_dir: Path) -> dict[str, ScriptSpec]:
    """Every registered script, by its id."""
    folder = data_dir / FOLDER
    names = sorted(path.stem for path in folder.glob("*.json")) if folder.is_dir() else []
    found = {ident: registered(data_dir, ident) for ident in names}
    return {ident: script for ident, script in found.items() if script is not None}

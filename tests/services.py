"""The services some tests need, looked for on this machine: PostgreSQL's binaries and Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Service:
    """Something tests may need; `path` is None where this machine does not have it."""

    name: str
    path: Path | None
    how_to_get_it: str


def find_postgres() -> Service:
    """The folder of `initdb` and `postgres`: from PATH, from pg_config, or where Debian puts it."""
    folders = []
    on_path = shutil.which("initdb")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    pg_config = shutil.which("pg_config")
    if pg_config:
        answer = subprocess.run(
            [pg_config, "--bindir"], capture_output=True, text=True, timeout=10, check=False
        )
        folders.append(Path(answer.stdout.strip()))
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    folders += sorted(installed, key=lambda folder: folder.parent.name.zfill(4), reverse=True)
    found = (folder for folder in folders if (folder / "initdb").is_file())
    return Service("PostgreSQL", next(found, None), "scripts/setup_postgres.sh")


def find_chromium() -> Service:
    """The browser in BABYSIT_TEST_CHROMIUM, or a Chromium or Chrome on PATH."""
    asked_for = os.environ.get("BABYSIT_TEST_CHROMIUM")
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = (shutil.which(name) for name in ([asked_for] if asked_for else names))
    path = next((Path(path) for path in found if path), None)
    return Service("Chromium", path, "scripts/setup_chromium.sh")

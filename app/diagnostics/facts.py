"""What can be known of the place that Babysit runs in, looked up without changing anything."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import socket
import sqlite3
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from babysit import __version__
from babysit.storage.server_file import is_server_there

from ..cpus import usable_cpus
from ..data_dir.location import came_from, shared_files
from ..errors import NewerDatabase, UnusableDatabase
from ..security.tokens import FILES
from ..settings import Settings
from ..store.engine import checked_version
from ..store.recovery.integrity import check_file, file_of
from ..verify.snapshot import read_only_engine
from ..web.routes.frontend import page_folder

MOUNTS = Path("/proc/self/mountinfo")


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemFacts:
    """One look at the machine, the settings and the data directory.

    sqlite: None with another database. torch: None when it is not installed.
    file_system: its kind, as the system calls it; None where that cannot be known.
    *_wrong: why it cannot be used; None when it can.
    threads: BABYSIT_THREADS as it was given. token_modes: permissions of each token file there is.
    newest_file_s: when a run was last written, Unix time; 0 without runs.
    """

    babysit: str = __version__
    python: tuple[int, ...]
    torch: str | None
    sqlite: tuple[int, ...] | None
    database: str
    database_wrong: str | None
    data_dir: Path
    data_dir_exists: bool
    data_dir_wrong: str | None
    file_system: str | None
    free_bytes: int
    token_modes: dict[str, int]
    threads: str
    cores: int
    now_s: float
    newest_file_s: float
    page_is_built: bool
    host: str
    port: int
    port_wrong: str | None
    server_is_there: bool | None  # None: not known
    came_from: str | None = None  # where it was last served, if it was copied or moved since
    shared_files: str | None = None  # the kind of links by which its files are the original's


def collect(settings: Settings) -> SystemFacts:
    """Look everything up."""
    data_dir = settings.data_dir
    nearest = next(path for path in (data_dir, *data_dir.parents) if path.exists())
    is_sqlite = file_of(settings.sql_url) is not None
    database, wrong = _database(settings)
    return SystemFacts(
        python=tuple(int(part) for part in platform.python_version_tuple()[:2]),
        torch=_version_of("torch"),
        sqlite=sqlite3.sqlite_version_info if is_sqlite else None,
        database=database,
        database_wrong=wrong,
        data_dir=data_dir,
        data_dir_exists=data_dir.is_dir(),
        data_dir_wrong=_data_dir_wrong(data_dir, nearest),
        file_system=file_system_of(nearest),
        free_bytes=shutil.disk_usage(nearest).free,
        token_modes=_modes_of([data_dir / name for name in FILES.values()]),
        threads=str(settings.threads),
        cores=usable_cpus(),
        now_s=time.time(),
        newest_file_s=_newest(settings.runs_dir),
        page_is_built=(page_folder() / "index.html").is_file(),
        host=settings.host,
        port=settings.port,
        port_wrong=_port_wrong(settings),
        server_is_there=_server_is_there(data_dir),
        came_from=came_from(data_dir) if data_dir.is_dir() else None,
        shared_files=shared_files(data_dir) if data_dir.is_dir() else None,
    )


def _server_is_there(data_dir: Path) -> bool | None:
    try:
        return is_server_there(data_dir)
    except OSError:
        return None


def file_system_of(path: Path, mounts: Path = MOUNTS) -> str | None:
    """The kind of the file system that a path lies on; None where the system does not say."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return None
    found, longest = None, -1
    real = str(path.resolve())
    for line in lines:
        before, _, after = line.partition(" - ")
        place = before.split()[4].encode().decode("unicode_escape")
        inside = real == place or real.startswith(place.rstrip("/") + "/")
        if inside and len(place) >= longest:
            found, longest = after.split()[0], len(place)
    return found


def _version_of(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _database(settings: Settings) -> tuple[str, str | None]:
    """What it is, and what is wrong with it. It is not changed, and not made."""
    file = file_of(settings.sql_url)
    try:
        if file is not None:
            check_file(file, settings.runs_dir)
            if not file.exists():
                return "made at the first start", None
        engine = read_only_engine(settings.sql_url)
        try:
            with engine.connect() as connection:
                found = checked_version(connection)
        finally:
            engine.dispose()
    except UnusableDatabase as error:
        return "", str(error)
    except NewerDatabase as error:
        return "", f"{error} `babysit rebuild` makes it again."
    except DBAPIError as error:
        return "", f"The database does not answer: {' '.join(str(error.orig).split())}"
    except SQLAlchemyError as error:
        return "", f"BABYSIT_DATABASE_URL cannot be used: {' '.join(str(error).split())}"
    name = "SQLite" if file is not None else "PostgreSQL"
    return f"{name}, " + (f"tables of version {found}" if found else "without tables yet"), None


def _data_dir_wrong(data_dir: Path, nearest: Path) -> str | None:
    if not nearest.is_dir():
        return f"cannot be made: {nearest} is no directory"
    if not os.access(nearest, os.W_OK | os.X_OK):
        return "cannot be written" if nearest == data_dir else f"cannot be made in {nearest}"
    return None


def _modes_of(paths: list[Path]) -> dict[str, int]:
    """Name -> permissions, of those that are there."""
    modes = {}
    for path in paths:
        with contextlib.suppress(OSError):
            modes[path.name] = path.stat().st_mode & 0o777
    return modes


def _newest(runs_dir: Path) -> float:
    try:
        return max((entry.stat().st_mtime for entry in os.scandir(runs_dir)), default=0.0)
    except OSError:
        return 0.0


def _port_wrong(settings: Settings) -> str | None:
    host = settings.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, settings.port))
        except OSError as error:
            return error.strerror or str(error)
    return None

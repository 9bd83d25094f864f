"""Opens the database: SQLite with one writer by default, PostgreSQL by URL, the same code above."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from ..errors import NewerDatabase

REPLACED = (
    "The database file was deleted or replaced while the server runs. Stop the server, run "
    "`babysit rebuild`, and start it again: the runs are not lost, and go on training meanwhile."
)
BUSY_TIMEOUT_MS = 5_000
READERS_MAX = 16
SQLITE_SAFE = (3, 51, 3)  # before it, two connections could corrupt a WAL between them
REPOSITORY_MIGRATIONS = Path(__file__).resolve().parents[2] / "alembic"
WHEEL_MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"


class Database:
    """One engine for the one writer, one for readers; only `Store` opens sessions on them."""

    def __init__(self, url: str) -> None:
        self.kind = url.partition(":")[0].partition("+")[0]  # sqlite or postgresql
        name = make_url(url).database if self.is_sqlite else None
        self._file = Path(name) if name else None
        self._identity: tuple[int, int] | None = None  # of the file, once its tables are there
        if self.is_sqlite:
            self.writer = _sqlite_engine(url, begin="BEGIN IMMEDIATE", pool_size=1)
            self.reader = _sqlite_engine(url, begin="BEGIN", pool_size=READERS_MAX)
        else:
            self.writer = create_engine(url, pool_size=1, max_overflow=1, pool_pre_ping=True)
            # One snapshot for all reads of a request, as in SQLite.
            self.reader = create_engine(
                url,
                pool_size=READERS_MAX,
                pool_pre_ping=True,
                isolation_level="REPEATABLE READ",
                execution_options={"postgresql_readonly": True},
            )

    @property
    def is_sqlite(self) -> bool:
        return self.kind == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the database and changes nothing."""
        with Session(self.reader, autoflush=False) as session, session.begin():
            yield session

    def version(self) -> str:
        if self.is_sqlite:
            return f"SQLite {sqlite3.sqlite_version}"
        with self.reader.connect() as connection:
            return "PostgreSQL " + str(connection.scalar(text("SHOW server_version"))).split()[0]

    def warnings(self) -> list[str]:
        if self.is_replaced():
            return [REPLACED]
        if self.is_sqlite and sqlite3.sqlite_version_info < SQLITE_SAFE:
            oldest = ".".join(str(part) for part in SQLITE_SAFE)
            return [f"SQLite {sqlite3.sqlite_version} is older than {oldest}, which fixed a bug."]
        return []

    def is_replaced(self) -> bool:
        """Whether the file at the path is not the one that was opened: deleted, moved, restored."""
        if self._file is None or self._identity is None:
            return False
        try:
            found = self._file.stat()
        except FileNotFoundError:
            return True
        except OSError:  # not known
            return False
        return (found.st_dev, found.st_ino) != self._identity

    def write_again(self) -> None:
        """Write a file that was deleted anew, from the connection that still has it open.

        The caller keeps all writers out.

        Raises:
            OSError, sqlite3.Error, DBAPIError: it is still missing.
        """
        if self._file is None or not _holds_nothing(self._file):
            return  # another file is there, which somebody may want
        made = self._file.with_name(f"{self._file.name}.new")
        made.unlink(missing_ok=True)
        with closing(sqlite3.connect(made)) as target:
            with self.writer.connect() as connection:
                source: Any = connection.connection.driver_connection
                source.backup(target)
            found = [row[0] for row in target.execute("PRAGMA quick_check(1)")]
            target.execute("SELECT version_num FROM alembic_version")
            if found != ["ok"]:
                raise sqlite3.DatabaseError(f"what is left of it is damaged: {found[0]}")
        for part in ("-wal", "-shm"):
            Path(f"{self._file}{part}").unlink(missing_ok=True)
        os.rename(made, self._file)
        self.close()  # all connections; new ones open the new file
        self._note_file()

    def _note_file(self) -> None:
        if self._file is not None and self._file.exists():
            found = self._file.stat()
            self._identity = (found.st_dev, found.st_ino)

    def has_tables(self) -> bool:
        """Whether it was ever used."""
        with self.writer.connect() as connection:
            return _version_of(connection) is not None

    def migrate(self) -> None:
        """Bring the tables up to date; quick when they are.

        Raises:
            NewerDatabase: it has tables of a version that this one does not know.
        """
        with self.writer.connect() as connection:
            is_up_to_date = checked_version(connection) == _versions()[-1]
        if not is_up_to_date:
            _upgrade(self.writer, _migrations())
        self._note_file()

    def close(self) -> None:
        self.writer.dispose()
        self.reader.dispose()


def _holds_nothing(file: Path) -> bool:
    """Whether a file is missing, or has no tables: a new connection makes it, in the meantime."""
    if not file.exists():
        return True
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as connection:
            return connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None
    except sqlite3.Error:
        return False


def _sqlite_engine(url: str, *, begin: str, pool_size: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        plain: Any = connection
        plain.isolation_level = None  # we say BEGIN, not the sqlite3 module
        for pragma in (
            f"busy_timeout = {BUSY_TIMEOUT_MS}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            f"query_only = {'OFF' if 'IMMEDIATE' in begin else 'ON'}",
        ):
            plain.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def checked_version(connection: Connection) -> str | None:
    """The version of the tables; None without any.

    Raises:
        NewerDatabase: this version does not know them.
    """
    found, versions = _version_of(connection), _versions()
    if found is not None and found not in versions:
        raise NewerDatabase(
            f"The database was written by a newer Babysit (its tables are version {found}, "
            f"this one knows {versions[-1]}). Start that version."
        )
    return found


def _migrations() -> Path:
    return WHEEL_MIGRATIONS if WHEEL_MIGRATIONS.is_dir() else REPOSITORY_MIGRATIONS


def _versions() -> list[str]:
    """Of the tables, oldest first."""
    return sorted(path.stem.split("_")[0] for path in _migrations().glob("versions/0*.py"))


def _version_of(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)


def _upgrade(engine: Engine, folder: Path) -> None:
    from alembic.config import Config

    from alembic import command  # takes a while, and is seldom needed

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

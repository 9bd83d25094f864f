"""Opens the database: SQLite with one writer by default, PostgreSQL by URL, the same code above."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from ..errors import NewerDatabase

BUSY_TIMEOUT_MS = 5_000
READERS_MAX = 16
SQLITE_SAFE = (3, 51, 3)  # before it, two connections could corrupt a WAL between them
REPOSITORY_MIGRATIONS = Path(__file__).resolve().parents[2] / "alembic"
WHEEL_MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"


class Database:
    """One engine for the one writer, one for readers; only `Store` opens sessions on them."""

    def __init__(self, url: str) -> None:
        self.kind = url.partition(":")[0].partition("+")[0]  # sqlite or postgresql
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
        if self.is_sqlite and sqlite3.sqlite_version_info < SQLITE_SAFE:
            oldest = ".".join(str(part) for part in SQLITE_SAFE)
            return [f"SQLite {sqlite3.sqlite_version} is older than {oldest}, which fixed a bug."]
        return []

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

    def close(self) -> None:
        self.writer.dispose()
        self.reader.dispose()


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

"""Lets a database of an earlier version be looked at without bringing it up to date."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ..settings import Settings
from ..store.engine import Database, newest_version
from ..store.recovery.integrity import connect_read_only, file_of


@contextmanager
def with_present_tables(settings: Settings) -> Iterator[Settings]:
    """The settings; with a copy in place of a SQLite file that an earlier version wrote.

    A look must not change what is looked at: the version before may still have to open it.
    """
    file = file_of(settings.sql_url)
    if file is None or not _is_older(file):
        yield settings
        return
    with tempfile.TemporaryDirectory(prefix="babysit-verify-") as folder:
        copy = Path(folder) / file.name
        with closing(connect_read_only(file)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        database = Database(f"sqlite:///{copy}")
        try:
            database.migrate()
        finally:
            database.close()
        yield settings.model_copy(update={"database_url": f"sqlite:///{copy}"})


def _is_older(file: Path) -> bool:
    """False, too, where that cannot be found out: whoever reads it then says why."""
    try:
        with closing(connect_read_only(file)) as connection:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error:
        return False
    return found is not None and str(found[0]) < newest_version()

"""Whether a database can be worked with, found out before anything opens it for writing."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import make_url, select
from sqlalchemy.exc import DBAPIError

from ...errors import DatabaseCorrupt, NewerDatabase, UnusableDatabase
from ..engine import Database
from ..journals.event_ids import NAME as ORDER
from ..journals.spec_file import RUN_FILE, numbered_directories
from ..tables.runs import CommandRow, EventRow, JournalCursorRow, RunRow, SessionRow

HEADER = b"SQLite format 3\0"
LOOKS_S_MAX = 3.0  # at the pages of a large database; what is beyond shows when it is read
WORDS_CHARACTERS_MAX = 100  # of what SQLite says
STEPS_BETWEEN_LOOKS = 10_000  # of SQLite's machine, at the clock
MAKES_AGAIN = "`babysit rebuild` makes it again from the runs"


def connect_read_only(path: Path) -> sqlite3.Connection:
    """A connection that cannot change the file, however damaged it is."""
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)


def check_file(path: Path, runs_dir: Path) -> None:
    """Look at the SQLite file of a data directory as a whole, without touching it.

    Raises:
        UnusableDatabase: it is damaged, no database of ours, or missing while there are runs.
    """
    if not path.exists():
        check_emptiness(runs_dir)
        return
    wrong = _what_is_wrong(path)
    if wrong:
        raise UnusableDatabase(f"The database {path} {wrong}. {MAKES_AGAIN}; this one is kept.")


def check_emptiness(runs_dir: Path) -> None:
    """A database may be new only where there are no runs yet, or only those of scripts that were
    started before any server: it takes these up.

    Raises:
        UnusableDatabase: there are others.
    """
    is_first = not (runs_dir.parent / ORDER).exists()
    count = sum(
        (path / RUN_FILE.name).exists() and not (is_first and _is_of_script(path))
        for path in numbered_directories(runs_dir)
    )
    if count:
        raise UnusableDatabase(
            f"There is no database, but {count} runs are in {runs_dir}. {MAKES_AGAIN}."
        )


def _is_of_script(directory: Path) -> bool:
    spec = RUN_FILE.read(directory)
    return not isinstance(spec, str) and spec.script is not None and spec.parent is None


def _what_is_wrong(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            header = file.read(len(HEADER))
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if header != HEADER:
        return "is empty" if not header else "is damaged: it does not begin as one"
    try:
        connection = connect_read_only(path)
        try:
            return _look_at_pages(connection)
        finally:
            connection.close()
    except sqlite3.Error as error:
        return f"is damaged: {_shortly(str(error))}"
    except UnicodeDecodeError:  # SQLite's own message repeats a damaged name
        return "is damaged: it holds text that is not UTF-8"


def _look_at_pages(connection: sqlite3.Connection) -> str | None:
    ends_s = time.monotonic() + LOOKS_S_MAX
    connection.execute("PRAGMA busy_timeout = 5000")
    tables = {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if tables and "alembic_version" not in tables:
        return "is not one of Babysit's"
    connection.set_progress_handler(lambda: time.monotonic() > ends_s, STEPS_BETWEEN_LOOKS)
    try:
        found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(1)")]
    except sqlite3.OperationalError as error:
        if str(error) == "interrupted":
            return None
        raise
    return None if found == ["ok"] else f"is damaged: {_shortly(found[0])}"


def _shortly(words: str) -> str:
    return " ".join(words.split())[:WORDS_CHARACTERS_MAX]


def file_of(url: str) -> Path | None:
    """Where a SQLite database lies; None for any other kind."""
    address = make_url(url)
    is_file = address.get_backend_name() == "sqlite" and address.database
    return Path(str(address.database)) if is_file else None


def open_database(url: str, runs_dir: Path) -> Database:
    """The database of a data directory with its tables up to date.

    Raises:
        UnusableDatabase: it cannot be worked with; it was not touched.
    """
    file = file_of(url)
    if file is not None:
        check_file(file, runs_dir)
    database = Database(url)
    try:
        if not database.has_tables():
            check_emptiness(runs_dir)
        database.migrate()
        _read_what_a_start_reads(database)
    except NewerDatabase as error:
        database.close()
        raise UnusableDatabase(f"{error} Or {MAKES_AGAIN}.") from error
    except DBAPIError as error:
        database.close()
        why = " ".join(str(error.orig).split())
        raise UnusableDatabase(f"The database cannot be used: {why}. {hint(database)}") from error
    except (
        DatabaseCorrupt,
        LookupError,
        ValueError,
    ) as error:  # pages are whole, what is in them is not
        database.close()
        where = make_url(url).render_as_string(hide_password=True)
        raise UnusableDatabase(f"The database {where} is damaged. {MAKES_AGAIN}.") from error
    except UnusableDatabase:
        database.close()
        raise
    return database


def _read_what_a_start_reads(database: Database) -> None:
    """Read what a start reads, so that damage is reported in one line and before the start."""
    with database.reading() as session:
        runs = session.execute(select(RunRow.__table__)).all()  # decoded, but no objects of ours
        active = [run.id for run in runs if not run.status.is_over]
        for table in (CommandRow, EventRow):
            session.scalars(select(table).where(table.run_id.in_(active))).all()
        session.execute(select(JournalCursorRow.__table__)).all()
        session.scalars(select(SessionRow)).all()


def is_damage(error: DBAPIError) -> bool:
    """Whether SQLite says that what it read makes no sense."""
    known = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    code = getattr(error.orig, "sqlite_errorcode", 0)
    return code & 0xFF in known or "decode to UTF-8" in str(error.orig)


def hint(database: Database) -> str:
    """What to do about a database that does not answer."""
    if database.is_sqlite:
        return f"If it is damaged, {MAKES_AGAIN}."
    return (
        f"Check that PostgreSQL is running. If its data are lost, {MAKES_AGAIN}, into an empty "
        "database."
    )

"""`babysit rebuild`: makes the database again from the directories of the runs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from babysit.storage.atomic import sync_file, sync_folder

from ..errors import CannotRebuild, NewerDatabase
from ..settings import Settings
from ..store.engine import Database
from ..store.journals.event_ids import NAME as ORDER
from ..store.journals.event_ids import newest_event_id, number_events_after, read_order
from ..store.journals.spec_file import numbered_directories
from ..store.recovery.integrity import file_of
from ..store.recovery.rebuild import RebuildReport, Replayer
from ..store.searches.projection import replay_searches
from ..store.store import SEARCHES
from ..store.tables.runs import CheckpointRow, CommandRow, RunRow

PARTS = ("", "-wal", "-shm")  # of a SQLite database that was not closed
PROBLEMS_SHOWN_MAX = 100

Report = Callable[[str], None]


def rebuild(settings: Settings, report: Report) -> int:
    """Rebuild the database; 0 when everything was found, 1 when something is lost.

    The caller holds the lock of the data directory.

    Raises:
        CannotRebuild: the old database, if there is one, is as it was.
    """
    file = file_of(settings.sql_url)
    try:
        if file is None:
            rebuild_report = _into_empty(Database(settings.sql_url), settings, report)
        else:
            tmp_path = file.with_name(f"{file.name}.new")
            _remove(tmp_path)
            rebuild_report = _into_empty(Database(f"sqlite:///{tmp_path}"), settings, report)
            _exchange(file, tmp_path, report)
    except (OSError, DBAPIError, NewerDatabase) as error:
        why = error.orig if isinstance(error, DBAPIError) else error
        raise CannotRebuild(f"The database could not be rebuilt: {why}") from error
    for problem in rebuild_report.problems[:PROBLEMS_SHOWN_MAX]:
        report(f"Not rebuilt: {problem}.")
    if len(rebuild_report.problems) > PROBLEMS_SHOWN_MAX:
        report(f"... and {len(rebuild_report.problems) - PROBLEMS_SHOWN_MAX:,} more.")
    return 1 if rebuild_report.problems else 0


def _into_empty(database: Database, settings: Settings, report: Report) -> RebuildReport:
    """Fill a database that holds nothing, in one transaction."""
    order = settings.data_dir / ORDER
    try:
        database.migrate()
        with Session(database.writer) as session, session.begin():
            if session.scalar(select(RunRow.id).limit(1)) is not None:
                raise CannotRebuild(
                    "The database is not empty. Make a new one, and name it with "
                    "BABYSIT_DATABASE_URL."
                )
            rebuild_report = _replay(session, settings.runs_dir, order)
            _tell(session, rebuild_report, settings, report)
    finally:
        database.close()
    return rebuild_report


def _replay(session: Session, runs_dir: Path, order: Path) -> RebuildReport:
    # Above every id that a client may have seen: one that comes back with an id that no longer
    # exists has to start over.
    newest = max(newest_event_id(order), int(time.time() * 1000))
    playback = Replayer(session, runs_dir, newest + 1)
    searches, problems = replay_searches(session, runs_dir.parent / SEARCHES)
    playback.rebuild_report.searches = searches
    playback.rebuild_report.problems += problems
    playback.make_runs(numbered_directories(runs_dir))
    playback.replay(read_order(order))
    playback.replay_unordered()
    playback.finish()
    number_events_after(session, playback.newest_id)
    return playback.rebuild_report


def _tell(
    session: Session, rebuild_report: RebuildReport, settings: Settings, report: Report
) -> None:
    checkpoints = session.scalar(select(func.count()).select_from(CheckpointRow))
    commands = session.scalar(select(func.count()).select_from(CommandRow))
    report(
        f"Found in {settings.runs_dir}: {rebuild_report.runs:,} runs, "
        f"{rebuild_report.events:,} events, {rebuild_report.points:,} values of curves, "
        f"{checkpoints:,} checkpoints, {commands:,} commands."
    )
    if rebuild_report.searches:
        report(f"Searches: {rebuild_report.searches:,}.")
    if rebuild_report.new_ids:
        report(f"{rebuild_report.new_ids:,} events got new ids: {ORDER} does not name them.")
    report("Browsers have to sign in again.")


def _exchange(file: Path, tmp_path: Path, report: Report) -> None:
    """Replace the database. Between two steps there may be none, but never a mixture."""
    if Path(f"{tmp_path}-wal").exists():  # closing moves everything into the one file
        raise CannotRebuild(f"The new database {tmp_path} could not be closed.")
    sync_file(tmp_path)
    kept = file.with_name(f"{file.name}.old-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
    for part in PARTS:
        old = Path(f"{file}{part}")
        if old.exists():
            os.rename(old, f"{kept}{part}")
    os.rename(tmp_path, file)
    sync_folder(file.parent)
    if kept.exists():
        report(f"The old database is kept as {kept}.")
    report(f"The database {file} was rebuilt.")


def _remove(file: Path) -> None:
    for part in PARTS:
        Path(f"{file}{part}").unlink(missing_ok=True)

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

from app.settings import Settings
from app.store.damage import file_of
from app.store.database import Database, NewerDatabase
from app.store.order import NAME as ORDER
from app.store.order import newest_written, number_events_after, read_order
from app.store.rebuild import Playback, Played, run_directories
from app.store.search_apply import play_searches
from app.store.store import SEARCHES
from app.store.tables import CheckpointRow, CommandRow, RunRow

PARTS = ("", "-wal", "-shm")  # of a SQLite database that was not closed
PROBLEMS_SHOWN_MAX = 100

Say = Callable[[str], None]


class CannotRebuild(Exception):
    """Nothing was done; the message says why."""


def rebuild(settings: Settings, say: Say) -> int:
    """Make the database anew; 0 when everything was found, 1 when something is lost.

    Nobody else may work on the data directory meanwhile.

    Raises:
        CannotRebuild: the old database, if there is one, is as it was.
    """
    file = file_of(settings.sql_url)
    try:
        if file is None:
            played = _into_empty(Database(settings.sql_url), settings, say)
        else:
            beside = file.with_name(f"{file.name}.new")
            _remove(beside)
            played = _into_empty(Database(f"sqlite:///{beside}"), settings, say)
            _exchange(file, beside, say)
    except (OSError, DBAPIError, NewerDatabase) as error:
        why = error.orig if isinstance(error, DBAPIError) else error
        raise CannotRebuild(f"The database could not be rebuilt: {why}") from error
    for problem in played.problems[:PROBLEMS_SHOWN_MAX]:
        say(f"Not rebuilt: {problem}.")
    if len(played.problems) > PROBLEMS_SHOWN_MAX:
        say(f"... and {len(played.problems) - PROBLEMS_SHOWN_MAX:,} more.")
    return 1 if played.problems else 0


def _into_empty(database: Database, settings: Settings, say: Say) -> Played:
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
            played = _play(session, settings.runs_dir, order)
            _tell(session, played, settings, say)
    finally:
        database.close()
    return played


def _play(session: Session, runs_dir: Path, order: Path) -> Played:
    # Above every id that anybody may have heard of: whoever comes back with one that is not
    # there any more is told to begin anew.
    newest = max(newest_written(order), int(time.time() * 1000))
    playback = Playback(session, runs_dir, newest + 1)
    searches, problems = play_searches(session, runs_dir.parent / SEARCHES)
    playback.played.searches = searches
    playback.played.problems += problems
    playback.make_runs(run_directories(runs_dir))
    playback.play(read_order(order))
    playback.play_the_rest()
    playback.finish()
    number_events_after(session, playback.newest_id)
    return playback.played


def _tell(session: Session, played: Played, settings: Settings, say: Say) -> None:
    checkpoints = session.scalar(select(func.count()).select_from(CheckpointRow))
    commands = session.scalar(select(func.count()).select_from(CommandRow))
    say(
        f"Found in {settings.runs_dir}: {played.runs:,} runs, {played.events:,} events, "
        f"{played.points:,} values of curves, {checkpoints:,} checkpoints, {commands:,} commands."
    )
    if played.searches:
        say(f"Found beside them: {played.searches:,} searches.")
    if played.new_ids:
        say(f"{played.new_ids:,} events got new ids: {ORDER} does not name them.")
    say("Browsers have to sign in again.")


def _exchange(file: Path, beside: Path, say: Say) -> None:
    """Put the new database in place. Between two steps there is none, never a mixture."""
    if Path(f"{beside}-wal").exists():  # closing moves everything into the one file
        raise CannotRebuild(f"The new database {beside} could not be closed.")
    with beside.open("rb") as new:
        os.fsync(new.fileno())
    kept = file.with_name(f"{file.name}.old-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
    for part in PARTS:
        old = Path(f"{file}{part}")
        if old.exists():
            os.rename(old, f"{kept}{part}")
    os.rename(beside, file)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    if kept.exists():
        say(f"The old database is kept as {kept}.")
    say(f"The database {file} is made again.")


def _remove(file: Path) -> None:
    for part in PARTS:
        Path(f"{file}{part}").unlink(missing_ok=True)

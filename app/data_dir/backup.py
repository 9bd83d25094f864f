"""`babysit backup`: a consistent copy of a data directory, also while runs train.

The database is copied first and the journals after it, so that they know at least as much: a start
reads on from there. Of a run's checkpoints those are copied that its copied journals announce.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from babysit.storage.atomic import sync_file, sync_folder, temporary_path
from babysit.storage.journal import Frame, JournalReader

from ..errors import CannotBackUp
from ..settings import Settings
from ..store.journals.event_ids import NAME as ORDER
from ..store.journals.search_journal import JOURNAL as SEARCH_JOURNAL
from ..store.recovery.integrity import check_file, connect_read_only, file_of
from ..store.store import SEARCHES

TRY_AGAIN_S = 0.1
TRIES_MAX = 10  # until the checkpoints of a run and its journals agree
NOT_COPIED = ("lock", "reserve", "checkpoints")  # of a run: made anew, or copied by name
DATABASE = "babysit.sqlite"

Report = Callable[[str], None]


def back_up(settings: Settings, target: Path, report: Report) -> None:
    """Copy a data directory to a new one. Tokens are not copied.

    Raises:
        CannotBackUp: nothing is at `target` that was not there before.
    """
    database = file_of(settings.sql_url)
    if target.exists():
        raise CannotBackUp(f"{target} exists already. Name a new directory.")
    if database is None:
        raise CannotBackUp(
            "The database is PostgreSQL: back it up first, with pg_dump, then copy the data "
            "directory. A start reads on from there."
        )
    check_file(database, settings.runs_dir)
    if not database.exists():
        raise CannotBackUp(f"There is nothing in {settings.data_dir} yet.")
    tmp_path = temporary_path(target)
    try:
        tmp_path.mkdir(parents=True, mode=0o700)
        count = _copy(settings, database, tmp_path)
        _sync(tmp_path)
        os.rename(tmp_path, target)
        sync_folder(target.parent)
    except FileExistsError as error:
        raise CannotBackUp(f"{error.filename or target} is in the way. Remove it.") from error
    except (OSError, sqlite3.Error) as error:
        shutil.rmtree(tmp_path, ignore_errors=True)
        raise CannotBackUp(f"The backup could not be written: {error}.") from error
    report(f"Copied {count:,} runs to {target}. Start it with `babysit serve --data-dir {target}`.")
    report("Tokens are not part of a backup; the first start makes new ones.")


def _copy(settings: Settings, database: Path, target: Path) -> int:
    _copy_file(settings.data_dir / ORDER, target / ORDER)
    _copy_database(database, target / DATABASE)
    with closing(connect_read_only(target / DATABASE)) as connection:
        run_ids = [row[0] for row in connection.execute("SELECT id FROM runs ORDER BY id")]
        search_ids = [row[0] for row in connection.execute("SELECT id FROM searches")]
    for search_id in search_ids:
        source = settings.data_dir / SEARCHES / str(search_id)
        copied = target / SEARCHES / str(search_id)
        _copy_entries(source, copied, last=(SEARCH_JOURNAL,))
    for run_id in run_ids:
        _copy_run(settings.runs_dir / str(run_id), target / "runs" / str(run_id))
    return len(run_ids)


def _copy_database(source: Path, target: Path) -> None:
    with closing(connect_read_only(source)) as reading, closing(sqlite3.connect(target)) as writing:
        reading.backup(writing)
        writing.execute("DELETE FROM sessions")  # of tokens that the copy does not have
        writing.commit()
    target.chmod(0o600)


def _copy_run(source: Path, target: Path) -> None:
    """Copy a run whose worker may write, and remove checkpoints, meanwhile."""
    _copy_entries(source, target)
    (target / "checkpoints").mkdir(exist_ok=True, mode=0o700)
    for _ in range(TRIES_MAX):
        for journal in sorted(source.glob("*.journal")):
            _copy_file(journal, target / journal.name)
        announced = _announced(target)
        for directory in (target / "checkpoints").iterdir():
            if directory.name not in announced:
                shutil.rmtree(directory)
        missing = [name for name in announced if not (target / "checkpoints" / name).exists()]
        gone = [name for name in missing if not _copy_checkpoint(source, target, name)]
        if not gone:
            return
        time.sleep(TRY_AGAIN_S)  # the worker removes a checkpoint, and says so at the same time
    # What is left is announced and missing in the original, too: `verify` names it.


def _copy_checkpoint(source: Path, target: Path, name: str) -> bool:
    """Whether it was there to the end."""
    tmp_path = target / "checkpoints" / f".{name}"
    try:
        shutil.copytree(source / "checkpoints" / name, tmp_path)
    except (FileNotFoundError, shutil.Error):
        shutil.rmtree(tmp_path, ignore_errors=True)
        if (source / "checkpoints" / name).exists():
            raise
        return False
    os.rename(tmp_path, target / "checkpoints" / name)
    return True


def _announced(directory: Path) -> set[str]:
    """The directories of the checkpoints that the journals of a run announce."""
    saved: dict[str, str] = {}
    for path in sorted(directory.glob("attempt-*.journal")):
        for body in _events(path):
            if body.get("kind") == "checkpoint_saved":
                saved[str(body.get("checkpoint_id"))] = str(body.get("directory"))
            elif body.get("kind") == "checkpoint_removed":
                saved.pop(str(body.get("checkpoint_id")), None)
    return {name for name in saved.values() if "/" not in name and not name.startswith(".")}


def _events(path: Path) -> Iterator[dict[str, object]]:
    reader = JournalReader(path)
    while records := reader.read():
        for record in records:
            if isinstance(record, Frame) and isinstance(record.body, dict):
                yield record.body


def _copy_entries(source: Path, target: Path, last: tuple[str, ...] = ()) -> None:
    """Copy the regular files of a directory."""
    target.mkdir(parents=True, mode=0o700)
    for entry in sorted(os.scandir(source), key=lambda entry: (entry.name in last, entry.name)):
        skipped = entry.name.startswith(".") or entry.name in NOT_COPIED
        if entry.is_file(follow_symlinks=False) and not skipped:
            _copy_file(Path(entry.path), target / entry.name)


def _copy_file(source: Path, target: Path) -> None:
    """Copy a file that may grow, or be replaced, meanwhile; one that is gone is left out."""
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:
        if source.exists():
            raise
        return
    target.chmod(0o600)


def _sync(folder: Path) -> None:
    for parent, _, names in os.walk(folder):
        for name in names:
            sync_file(Path(parent, name))
        sync_folder(Path(parent))

"""Runs every check, and looks again where something moves: what stays wrong is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from babysit.storage.server_file import is_server_there

from ..errors import DatabaseCorrupt, UnusableDatabase
from ..settings import Settings
from ..store.journals.event_ids import NAME as ORDER
from ..store.journals.event_ids import read_order
from ..store.recovery.integrity import check_file, file_of
from ..store.store import SEARCHES
from ..store.tables.runs import RunRow
from . import checkpoints, commands, records, searches, status
from .older_tables import with_present_tables
from .snapshot import RunSnapshot, read_transaction, take_snapshot

LOOKS_MAX = 5  # repeated while a server may be changing the data
LOOK_AGAIN_S = 0.5
SHOWN_MAX = 20  # of what is wrong with one check

Report = Callable[[str], None]
Errors = list[str]

# code -> what holds, what is counted
CHECKS = {
    "SQL": ("the database can be read and is whole", "pages or tables"),
    "M1": ("journals are whole and without a gap", "records"),
    "M2": ("no record is stored twice", "records"),
    "M3": ("SQL says what the journals say, value for value and bit for bit", "rows"),
    "M5": ("ids of events grow and are written down", "events"),
    "M6": ("points are of steps that were made, each once", "steps"),
    "K1": ("every command has its one end", "commands"),
    "K2": ("nothing was carried out twice", "effects"),
    "K3": ("what was sent first took effect first", "effects"),
    "K4": ("answers name the learning rate that was used", "changes"),
    "C1": ("checkpoints are whole and the ones that SQL names", "checkpoints"),
    "C3": ("there is a checkpoint to go back to", "runs"),
    "C5": ("the state in a checkpoint has its hash", "checkpoints"),
    "C6": ("forks and their parents know each other", "forks"),
    "C7": ("no bytes belong to nothing", "places"),
    "R1": ("the status of a run fits who works on it", "runs"),
    "R2": ("no two workers live on one run", "attempts"),
    "R3": ("what is finished was finished by its worker", "runs"),
    "R4": ("every status followed from the one before", "moves"),
    "S1": ("SQL says what the journals of searches say", "rows"),
    "S2": ("every trial is the run that its search has drawn", "trials"),
}


@dataclass(slots=True)
class Findings:
    """Of each check: how much it looked at, and what is wrong, a phrase each."""

    counted: dict[str, int] = field(default_factory=dict)
    wrong: dict[str, Errors] = field(default_factory=dict)

    def add(self, code: str, found: tuple[int, Errors]) -> None:
        self.counted[code] = self.counted.get(code, 0) + found[0]
        self.wrong.setdefault(code, []).extend(found[1])

    def join(self, other: Findings) -> None:
        for code, counted in other.counted.items():
            self.add(code, (counted, other.wrong[code]))

    def also_in(self, other: Findings) -> Findings:
        """What both found; the counts of the newer one."""
        wrong = {
            code: [what for what in found if what in other.wrong.get(code, ())]
            for code, found in self.wrong.items()
        }
        return Findings(self.counted, wrong)

    def __bool__(self) -> bool:
        return any(self.wrong.values())


def verify(settings: Settings, run_id: int | None, *, deep: bool, report: Report) -> int:
    """Check a whole data directory, or one run of it; 0 when nothing is wrong."""
    try:
        with with_present_tables(settings) as looked_at:
            found = _whole(looked_at) if run_id is None else Findings()
            for family_id in _families(looked_at, run_id):
                found.join(_settled(looked_at, family_id, run_id, deep=deep))
    except UnusableDatabase as error:
        return _tell(_unreadable(str(error)), report)
    except (DBAPIError, DatabaseCorrupt, LookupError) as error:
        why = str(error.orig) if isinstance(error, DBAPIError) else str(error)
        return _tell(_unreadable(" ".join(f"it cannot be read: {why}".split())), report)
    except OSError as error:
        report(f"Not checked: {error}.")
        return 1
    return _tell(found, report)


def _unreadable(why: str) -> Findings:
    return Findings({"SQL": 0}, {"SQL": [why]})


def _tell(found: Findings, report: Report) -> int:
    for code, (holds, unit) in CHECKS.items():
        if code not in found.counted:
            continue
        wrong = list(dict.fromkeys(found.wrong[code]))
        counted = f"{found.counted[code]:,} {unit}"
        if not wrong:
            report(f"OK     {code:3}  {holds} ({counted})")
            continue
        more = f"; and {len(wrong) - SHOWN_MAX:,} more" if len(wrong) > SHOWN_MAX else ""
        report(f"WRONG  {code:3}  {holds} ({counted}): {'; '.join(wrong[:SHOWN_MAX])}{more}")
    return 1 if found else 0


def _whole(settings: Settings) -> Findings:
    """The checks of the data directory as a whole: the database and the directories."""

    def snapshot() -> Findings:
        found = Findings()
        file = file_of(settings.sql_url)
        if file is not None:
            check_file(file, settings.runs_dir)
        with read_transaction(settings.sql_url) as session:
            found.add("SQL", _database_is_whole(session))
            run_ids = set(session.scalars(select(RunRow.id)))
            searches_dir = settings.data_dir / SEARCHES
            found.add("S1", searches.tables_follow_journals(session, searches_dir))
            found.add("S2", searches.trials_are_as_drawn(session, settings.runs_dir))
        found.add("C7", checkpoints.no_directory_is_an_orphan(settings.runs_dir, run_ids))
        return found

    return _again_while_it_moves(snapshot, lambda: is_server_there(settings.data_dir))


def _database_is_whole(session: Session) -> tuple[int, Errors]:
    if session.get_bind().dialect.name != "sqlite":
        return len(RunRow.metadata.tables), []  # PostgreSQL has checksums of its own
    wrong = [str(row[0]) for row in session.execute(text("PRAGMA integrity_check"))]
    wrong = [what for what in wrong if what != "ok"]
    for row in session.execute(text("PRAGMA foreign_key_check")):
        wrong.append(f"row {row[1]} of {row[0]} refers to a missing row of {row[2]}")
    return int(session.scalar(text("PRAGMA page_count")) or 0), wrong


def _families(settings: Settings, run_id: int | None) -> list[int]:
    query = select(RunRow.family_id).distinct().order_by(RunRow.family_id)
    with read_transaction(settings.sql_url) as session:
        if run_id is not None:
            query = query.where(RunRow.id == run_id)
        found = list(session.scalars(query))
    if run_id is not None and not found:
        raise UnusableDatabase(f"there is no run {run_id} in it")
    return found


def _settled(settings: Settings, family_id: int, run_id: int | None, *, deep: bool) -> Findings:
    """One family of runs, until nothing in it only seems wrong because it moves."""
    snapshots: list[RunSnapshot] = []

    def snapshot() -> Findings:
        snapshots[:] = _look_at_family(settings, family_id)
        return _check(snapshots, settings, run_id, deep=deep)

    def moves() -> bool:
        return is_server_there(settings.data_dir) or any(item.is_locked for item in snapshots)

    return _again_while_it_moves(snapshot, moves)


def _again_while_it_moves(snapshot: Callable[[], Findings], moves: Callable[[], bool]) -> Findings:
    found = snapshot()
    for _ in range(LOOKS_MAX - 1):
        if not found or not moves():
            break
        time.sleep(LOOK_AGAIN_S)
        found = snapshot().also_in(found)
    return found


def _look_at_family(settings: Settings, family_id: int) -> list[RunSnapshot]:
    query = select(RunRow).where(RunRow.family_id == family_id).order_by(RunRow.id)
    server = is_server_there(settings.data_dir)
    with read_transaction(settings.sql_url) as session:
        snapshots = [
            take_snapshot(session, run, settings.runs_dir, server_is_there=server)
            for run in session.scalars(query)
        ]
        session.expunge_all()
    return snapshots


def _check(
    snapshots: list[RunSnapshot], settings: Settings, run_id: int | None, *, deep: bool
) -> Findings:
    order = list(read_order(settings.data_dir / ORDER))
    ids, damaged = records.order_of(order)
    found = Findings()
    found.add("M5", (0, damaged))
    refolded = records.RebuiltTables(snapshots, settings.runs_dir, order)
    mine = [snapshot for snapshot in snapshots if run_id is None or snapshot.run.id == run_id]
    for snapshot in mine:
        found.add("M1", records.journals_are_whole(snapshot))
        found.add("M2", records.records_are_stored_once(snapshot))
        found.add("M3", refolded.differences(snapshot))
        found.add("M5", records.ids_grow(snapshot, ids))
        found.add("M6", records.steps_were_made(snapshot))
        found.add("K1", commands.commands_end_once(snapshot))
        found.add("K2", commands.effects_are_single(snapshot))
        found.add("K3", commands.effects_are_in_order(snapshot))
        found.add("K4", commands.readings_are_real(snapshot))
        found.add("C1", checkpoints.checkpoints_are_whole(snapshot))
        found.add("C3", checkpoints.one_is_always_there(snapshot))
        found.add("C6", checkpoints.forks_have_parents(snapshot, snapshots))
        found.add("C7", checkpoints.no_bytes_are_orphans(snapshot))
        found.add("R1", status.status_is_evident(snapshot))
        found.add("R2", status.worker_is_alone(snapshot))
        found.add("R3", status.end_is_written(snapshot))
        found.add("R4", status.moves_are_legal(snapshot))
    refolded.close()
    if deep:
        found.add("C5", checkpoints.states_are_what_they_say(mine))
    return found

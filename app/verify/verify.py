"""Runs every check, and looks again where something moves: what stays wrong is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.errors import Damaged
from app.lock import is_server_there
from app.settings import Settings
from app.store.damage import UnusableDatabase, check_file, file_of
from app.store.order import NAME as ORDER
from app.store.order import read_order
from app.store.store import SEARCHES
from app.store.tables import RunRow
from app.verify import checkpoints, commands, records, searches, status
from app.verify.look import Look, look_at, snapshot

LOOKS_MAX = 5  # at what seems wrong while somebody works on it
LOOK_AGAIN_S = 0.5
SHOWN_MAX = 20  # of what is wrong with one check

Say = Callable[[str], None]
Wrong = list[str]

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
DEEP_ONLY = ("C5",)


@dataclass(slots=True)
class Findings:
    """Of each check: how much it looked at, and what is wrong, a phrase each."""

    counted: dict[str, int] = field(default_factory=dict)
    wrong: dict[str, Wrong] = field(default_factory=dict)

    def add(self, code: str, found: tuple[int, Wrong]) -> None:
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


def verify(settings: Settings, run_id: int | None, *, deep: bool, say: Say) -> int:
    """Check a whole data directory, or one run of it; 0 when nothing is wrong."""
    try:
        found = _whole(settings) if run_id is None else Findings()
        for family_id in _families(settings, run_id):
            found.join(_settled(settings, family_id, run_id, deep=deep))
    except UnusableDatabase as error:
        return _tell(_unreadable(str(error)), say)
    except (DBAPIError, Damaged, LookupError) as error:
        why = str(error.orig) if isinstance(error, DBAPIError) else str(error)
        return _tell(_unreadable(" ".join(f"it cannot be read: {why}".split())), say)
    return _tell(found, say)


def _unreadable(why: str) -> Findings:
    return Findings({"SQL": 0}, {"SQL": [why]})


def _tell(found: Findings, say: Say) -> int:
    for code, (holds, unit) in CHECKS.items():
        if code not in found.counted:
            continue
        wrong = list(dict.fromkeys(found.wrong[code]))
        counted = f"{found.counted[code]:,} {unit}"
        if not wrong:
            say(f"OK     {code:3}  {holds} ({counted})")
            continue
        more = f"; and {len(wrong) - SHOWN_MAX:,} more" if len(wrong) > SHOWN_MAX else ""
        say(f"WRONG  {code:3}  {holds} ({counted}): {'; '.join(wrong[:SHOWN_MAX])}{more}")
    return 1 if found else 0


def _whole(settings: Settings) -> Findings:
    """What is looked at once: the database itself, and who has a directory."""

    def look() -> Findings:
        found = Findings()
        file = file_of(settings.sql_url)
        if file is not None:
            check_file(file, settings.runs_dir)
        with snapshot(settings.sql_url) as session:
            found.add("SQL", _database_is_whole(session))
            run_ids = set(session.scalars(select(RunRow.id)))
            searches_dir = settings.data_dir / SEARCHES
            found.add("S1", searches.tables_follow_journals(session, searches_dir))
            found.add("S2", searches.trials_are_as_drawn(session, settings.runs_dir))
        found.add("C7", checkpoints.no_directory_is_an_orphan(settings.runs_dir, run_ids))
        return found

    return _again_while_it_moves(look, lambda: is_server_there(settings.data_dir))


def _database_is_whole(session: Session) -> tuple[int, Wrong]:
    if session.get_bind().dialect.name != "sqlite":
        return len(RunRow.metadata.tables), []  # PostgreSQL has checksums of its own
    wrong = [str(row[0]) for row in session.execute(text("PRAGMA integrity_check"))]
    wrong = [what for what in wrong if what != "ok"]
    for row in session.execute(text("PRAGMA foreign_key_check")):
        wrong.append(f"row {row[1]} of {row[0]} refers to a missing row of {row[2]}")
    return int(session.scalar(text("PRAGMA page_count")) or 0), wrong


def _families(settings: Settings, run_id: int | None) -> list[int]:
    wanted = select(RunRow.family_id).distinct().order_by(RunRow.family_id)
    with snapshot(settings.sql_url) as session:
        if run_id is not None:
            wanted = wanted.where(RunRow.id == run_id)
        found = list(session.scalars(wanted))
    if run_id is not None and not found:
        raise UnusableDatabase(f"there is no run {run_id} in it")
    return found


def _settled(settings: Settings, family_id: int, run_id: int | None, *, deep: bool) -> Findings:
    """One family of runs, until nothing in it only seems wrong because it moves."""
    looks: list[Look] = []

    def look() -> Findings:
        looks[:] = _look_at_family(settings, family_id)
        return _check(looks, settings, run_id, deep=deep)

    def moves() -> bool:
        return is_server_there(settings.data_dir) or any(item.is_locked for item in looks)

    return _again_while_it_moves(look, moves)


def _again_while_it_moves(look: Callable[[], Findings], moves: Callable[[], bool]) -> Findings:
    found = look()
    for _ in range(LOOKS_MAX - 1):
        if not found or not moves():
            break
        time.sleep(LOOK_AGAIN_S)
        found = look().also_in(found)
    return found


def _look_at_family(settings: Settings, family_id: int) -> list[Look]:
    wanted = select(RunRow).where(RunRow.family_id == family_id).order_by(RunRow.id)
    server = is_server_there(settings.data_dir)
    with snapshot(settings.sql_url) as session:
        looks = [
            look_at(session, run, settings.runs_dir, server_is_there=server)
            for run in session.scalars(wanted)
        ]
        session.expunge_all()
    return looks


def _check(looks: list[Look], settings: Settings, run_id: int | None, *, deep: bool) -> Findings:
    order = list(read_order(settings.data_dir / ORDER))
    ids, damaged = records.order_of(order)
    found = Findings()
    found.add("M5", (0, damaged))
    refolded = records.Refolded(looks, settings.runs_dir, order)
    mine = [look for look in looks if run_id is None or look.run.id == run_id]
    for look in mine:
        found.add("M1", records.journals_are_whole(look))
        found.add("M2", records.records_are_stored_once(look))
        found.add("M3", refolded.differences(look))
        found.add("M5", records.ids_grow(look, ids))
        found.add("M6", records.steps_were_made(look))
        found.add("K1", commands.commands_end_once(look))
        found.add("K2", commands.effects_are_single(look))
        found.add("K3", commands.effects_are_in_order(look))
        found.add("K4", commands.readings_are_real(look))
        found.add("C1", checkpoints.checkpoints_are_whole(look))
        found.add("C3", checkpoints.one_is_always_there(look))
        found.add("C6", checkpoints.forks_have_parents(look, looks))
        found.add("C7", checkpoints.no_bytes_are_orphans(look))
        found.add("R1", status.status_is_evident(look))
        found.add("R2", status.worker_is_alone(look))
        found.add("R3", status.end_is_written(look))
        found.add("R4", status.moves_are_legal(look))
    refolded.close()
    if deep:
        found.add("C5", checkpoints.states_are_what_they_say(mine))
    return found

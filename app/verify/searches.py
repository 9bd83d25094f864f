"""Checks of searches (S): SQL agrees with their journals, and every trial with its sample."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from babysit.protocol.spec.run_spec import RunSpec

from ..store.journals.search_journal import read_search_journal
from ..store.journals.spec_file import RUN_FILE, SEARCH_FILE, numbered_directories
from ..store.searches.projection import project, search_row
from ..store.tables.runs import RunRow, Table
from ..store.tables.searches import RoundRow, SearchRow, TrialRow

Errors = list[str]
TABLES: tuple[type[Table], ...] = (SearchRow, RoundRow, TrialRow)


def tables_follow_journals(session: Session, searches_dir: Path) -> tuple[int, Errors]:
    """S1: every row is the one that follows from the files, and every directory has its rows."""
    rows = {row.id: row for row in session.scalars(select(SearchRow))}
    names = {int(path.name) for path in numbered_directories(searches_dir)}
    wrong = [f"searches/{number} has no search in SQL" for number in sorted(names - set(rows))]
    counted = len(names | set(rows))
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Table.metadata.create_all(engine)
    with Session(engine) as made:
        for row in rows.values():
            problem = _play(made, searches_dir / str(row.id), row.journal_seq)
            if problem is not None:
                wrong.append(f"search {row.id}: {problem}")
                continue
            found, differ = _compared(session, made, row.id)
            counted, wrong = counted + found, wrong + differ
    engine.dispose()
    return counted, wrong


def _play(made: Session, directory: Path, until: int) -> str | None:
    """Make the rows of one search, as far as SQL says it knows its journal; or what is wrong."""
    spec = SEARCH_FILE.read(directory)
    if isinstance(spec, str):
        return f"search.json: {spec}"
    row = search_row(spec)
    made.add(row)
    made.flush()
    for seq, event in read_search_journal(directory):
        if seq > until:
            break
        if event is None or seq != row.journal_seq + 1:
            return f"search.journal: a record before {seq + 1} is lost"
        project(made, row, event)
        row.journal_seq = seq
    made.flush()
    if row.journal_seq < until:
        return f"SQL has read up to record {until}, search.journal ends at {row.journal_seq}"
    return None


def _compared(session: Session, made: Session, search_id: int) -> tuple[int, Errors]:
    counted, wrong = 0, Errors()
    for table in TABLES:
        held, expected = (_rows(one, table, search_id) for one in (session, made))
        counted += len(held)
        for key in sorted(held.keys() | expected.keys()):
            place = "/".join(str(part) for part in key)
            if held.get(key) != expected.get(key):
                wrong.append(
                    f"search {search_id}: {table.__tablename__} {place} differs from its journal"
                )
    return counted, wrong


def _rows(session: Session, table: type[Table], search_id: int) -> dict[tuple[Any, ...], Any]:
    columns = table.__table__.columns
    owner = columns["id" if table is SearchRow else "search_id"]
    keys = [column.name for column in columns if column.primary_key]
    found = session.execute(select(*columns).where(owner == search_id)).mappings()
    return {tuple(row[key] for key in keys): repr(dict(row)) for row in found}


def trials_are_as_drawn(session: Session, runs_dir: Path) -> tuple[int, Errors]:
    """S2: trials are numbered from 1 without a gap, each has one run, and that has its values."""
    wrong = Errors()
    trials = list(session.scalars(select(TrialRow).order_by(TrialRow.search_id, TrialRow.number)))
    by_search: dict[int, list[TrialRow]] = {}
    for trial in trials:
        by_search.setdefault(trial.search_id, []).append(trial)
    for search_id, own in by_search.items():
        if [trial.number for trial in own] != list(range(1, len(own) + 1)):
            wrong.append(f"search {search_id}: its trials are not numbered without a gap")
    for run_id, count in Counter(trial.run_id for trial in trials).items():
        if count > 1:
            wrong.append(f"run {run_id} is {count} trials")
    claimed = select(RunRow.id, RunRow.search_id, RunRow.trial, RunRow.round).where(
        RunRow.search_id.is_not(None)
    )
    runs = {row.id: tuple(row)[1:] for row in session.execute(claimed)}
    for trial in trials:
        wrong += _one_is_as_drawn(trial, runs.pop(trial.run_id, None), runs_dir)
    wrong += [f"run {run_id} is a trial without a search" for run_id in sorted(runs)]
    return len(trials), wrong


def _one_is_as_drawn(trial: TrialRow, run: tuple[Any, ...] | None, runs_dir: Path) -> Errors:
    name = f"search {trial.search_id}, trial {trial.number}"
    if run is None:
        return [f"{name}: run {trial.run_id} does not exist or is not a trial"]
    spec = RUN_FILE.read(runs_dir / str(trial.run_id))
    if isinstance(spec, str):
        return [f"{name}, run.json: {spec}"]
    place = (trial.search_id, trial.number, trial.round)
    wrong = []
    if run != place or tuple((spec.search or {}).values()) != place:
        wrong.append(f"{name}: run {trial.run_id} names another trial")
    values = _values(spec)
    differing = [key for key, value in trial.values.items() if values.get(key) != value]
    if differing:
        wrong.append(f"{name}: run {trial.run_id} has another {differing[0]} than its sample")
    if spec.seed != trial.seed:
        wrong.append(f"{name}: run {trial.run_id} has another seed than its sample")
    return wrong


def _values(spec: RunSpec) -> dict[str, Any]:
    return dict(spec.values) if spec.first_values is None else spec.first_values

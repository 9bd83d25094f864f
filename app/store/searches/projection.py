"""Projects the records of a search's journal into SQL, for a running server and for a rebuild."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from sqlalchemy.orm import Session

from ...search.spec import SearchSpec
from ..journals.search_journal import read_search_journal
from ..journals.search_records import (
    RepeatAsked,
    RoundBegan,
    SearchEvent,
    SearchStatusChanged,
    TrialEnded,
    TrialSampled,
)
from ..journals.spec_file import SEARCH_FILE, numbered_directories
from ..store import Transaction
from ..tables.searches import RoundRow, SearchRow, TrialRow
from .trials import trial_columns

OVER = ("finished", "stopped")
# The fields of `search.json` that a row repeats.
SPEC_COLUMNS = tuple(item.name for item in fields(SearchSpec) if item.name != "format")


def search_row(spec: SearchSpec) -> SearchRow:
    """The row of a search of which only `search.json` is known."""
    objective = spec.ranking
    columns = {name: getattr(spec, name) for name in SPEC_COLUMNS}
    return SearchRow(**{**columns, "objective": objective.name, "mode": objective.mode})


def search_spec(row: SearchRow) -> SearchSpec:
    """What the row of a search repeats of its `search.json`."""
    columns = {name: getattr(row, name) for name in SPEC_COLUMNS}
    return SearchSpec(**{**columns, **row.ranking.fields})


def emit_search(tx: Transaction, row: SearchRow, *events: SearchEvent) -> None:
    """Append to the search's journal, then update SQL. What SQL lacks is applied first.

    Raises:
        OSError: the disk is full or broken.
    """
    replay_from_journal(tx, row)
    row.journal_seq = tx.searches.append_events(row.id, events)
    for event in events:
        _project(tx.session, row, event)
    tx.changed_searches.add(row.id)
    tx.session.flush()


def replay_from_journal(tx: Transaction, row: SearchRow) -> bool:
    """Apply what the journal has and SQL lacks, after a crash or a failed commit between the two.

    True: there was something.
    """
    written = tx.searches.seq(row.id)
    if written <= row.journal_seq:
        return False
    for seq, event in read_search_journal(tx.searches.directory(row.id), row.journal_seq):
        if event is not None:
            project(tx.session, row, event)
        row.journal_seq = max(row.journal_seq, seq)
    tx.changed_searches.add(row.id)
    return True


def project(session: Session, row: SearchRow, event: SearchEvent) -> None:
    """Update the rows that a record affects; rows that exist stay."""
    match event:
        case RoundBegan():
            is_known = session.get(RoundRow, (row.id, event.round)) is not None
        case TrialSampled():
            is_known = session.get(TrialRow, (row.id, event.number)) is not None
        case _:
            is_known = False
    if not is_known:
        _project(session, row, event)
    session.flush()


def _project(session: Session, row: SearchRow, event: SearchEvent) -> None:
    match event:
        case SearchStatusChanged():
            row.status, row.reason = event.status, event.reason
            row.ended_at = event.at if event.status in OVER else None
            row.closed = row.closed or event.status == "stopped"
        case RoundBegan():
            round_ = RoundRow(
                search_id=row.id, round=event.round, space=event.space, kept=event.kept
            )
            session.add(round_)
        case TrialSampled():
            session.add(TrialRow(**trial_columns(row.id, event)))
        case TrialEnded():
            drawn = session.get(TrialRow, (row.id, event.number))
            if drawn is not None:
                drawn.ended = drawn.ended or event.outcome
        case RepeatAsked():
            spec = [[event.run_id, seed] for seed in event.seeds]
            row.seeds_asked = [*row.seeds_asked, *spec]
        case _:
            pass  # a command: the next record has its effect


def replay_searches(session: Session, searches_dir: Path) -> tuple[int, list[str]]:
    """Fill empty tables from the directories. Returns the number of searches, and problems."""
    count, problems = 0, []
    for directory in numbered_directories(searches_dir):
        spec = SEARCH_FILE.read(directory)
        if isinstance(spec, str):
            problems.append(f"search {directory.name}, search.json: {spec}")
            continue
        row = search_row(spec)
        session.add(row)
        session.flush()
        for seq, event in read_search_journal(directory):
            if event is None:
                problems.append(f"search {row.id}, search.journal: record {seq} is lost")
            else:
                project(session, row, event)
            row.journal_seq = seq
        session.flush()
        count += 1
    return count, problems

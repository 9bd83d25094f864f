"""What follows in SQL from each record of a search's journal: the one fold, also of a rebuild."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.store.search_events import (
    RepeatAsked,
    RoundBegan,
    SearchAsked,
    SearchEvent,
    SearchStatusChanged,
    TrialDrawn,
    TrialEnded,
)
from app.store.search_journals import (
    read_search_asked,
    read_search_journal,
    search_directories,
)
from app.store.search_tables import RoundRow, SearchRow, TrialRow
from app.store.store import Write

OVER = ("finished", "stopped")


def search_row(asked: SearchAsked) -> SearchRow:
    """The row of a search of which only `search.json` is known."""
    fields: dict[str, Any] = asdict(asked)
    del fields["format"]
    return SearchRow(**fields)


def say_search(write: Write, row: SearchRow, *events: SearchEvent) -> None:
    """Write to the search's journal, then into SQL. What SQL does not know yet comes first.

    Raises:
        OSError: the disk is full or broken.
    """
    read_back(write, row)
    row.journal_seq = write.searches.append(row.id, events)
    for event in events:
        _follow(write.session, row, event)
    write.session.flush()


def read_back(write: Write, row: SearchRow) -> bool:
    """Take from the journal what SQL does not know: the server ended, or a commit failed, between
    the two. True: there was something.
    """
    written = write.searches.seq(row.id)
    if written <= row.journal_seq:
        return False
    for seq, event in read_search_journal(write.searches.directory(row.id), row.journal_seq):
        if event is not None:
            fold(write.session, row, event)
        row.journal_seq = max(row.journal_seq, seq)
    return True


def fold(session: Session, row: SearchRow, event: SearchEvent) -> None:
    """Change the rows that a record says something about; what is there already stays."""
    match event:
        case RoundBegan():
            is_known = session.get(RoundRow, (row.id, event.round)) is not None
        case TrialDrawn():
            is_known = session.get(TrialRow, (row.id, event.number)) is not None
        case _:
            is_known = False
    if not is_known:
        _follow(session, row, event)
    session.flush()


def _follow(session: Session, row: SearchRow, event: SearchEvent) -> None:
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
        case TrialDrawn():
            trial = TrialRow(
                search_id=row.id,
                number=event.number,
                round=event.round,
                run_id=event.run_id,
                values=dict(event.values),
                seed=event.seed,
                repeat_of=event.repeat_of,
            )
            session.add(trial)
        case TrialEnded():
            drawn = session.get(TrialRow, (row.id, event.number))
            if drawn is not None:
                drawn.ended = drawn.ended or event.outcome
        case RepeatAsked():
            asked = [[event.run_id, seed] for seed in event.seeds]
            row.seeds_asked = [*row.seeds_asked, *asked]
        case _:
            pass  # a command; what follows is said by the next record


def play_searches(session: Session, searches_dir: Path) -> tuple[int, list[str]]:
    """Fill empty tables from the directories; how many searches, and what could not be read."""
    count, problems = 0, []
    for directory in search_directories(searches_dir):
        asked = read_search_asked(directory)
        if isinstance(asked, str):
            problems.append(f"search {directory.name}, search.json: {asked}")
            continue
        row = search_row(asked)
        session.add(row)
        session.flush()
        for seq, event in read_search_journal(directory):
            if event is None:
                problems.append(f"search {row.id}, search.journal: record {seq} is lost")
            else:
                fold(session, row, event)
            row.journal_seq = seq
        session.flush()
        count += 1
    return count, problems

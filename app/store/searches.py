"""Searches: found, listed, asked to pause, go on or stop, and given further trials."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import Invalid, NotAllowedNow, NotFound, Problem
from app.limits import INT_MAX, TRIALS_MAX
from app.store.commands import send_command
from app.store.search_apply import read_back, say_search
from app.store.search_events import (
    ALLOWED,
    RepeatAsked,
    SearchCommand,
    SearchCommandSent,
    SearchStatus,
    SearchStatusChanged,
    TrialDrawn,
)
from app.store.search_journals import read_search_journal, search_directories
from app.store.search_tables import SearchRow, TrialRow
from app.store.store import Store, Write
from app.store.tables import RunRow
from app.store.trials import Trial, best_of, trials_of
from babysit.messages import Pause, Resume, RunStatus, Stop

ACTIVE = ("queued", "running", "paused")
BY_SEARCH = "search"  # who pauses and stops the trials of a search, and why


def find_search(session: Session, search_id: int) -> SearchRow:
    """A search by its id.

    Raises:
        NotFound: there is none.
    """
    row = session.get(SearchRow, search_id) if 0 < search_id <= INT_MAX else None
    if row is None:
        raise NotFound("There is no such search.")
    return row


def next_search_id(write: Write) -> int:
    """Above every search in SQL and every directory there is: an id is never used twice."""
    highest = write.session.scalar(select(func.max(SearchRow.id))) or 0
    names = [int(path.name) for path in search_directories(write.searches.searches_dir)]
    return max([highest, *names]) + 1


def newest_searches(session: Session, *, before: int | None, limit: int) -> list[SearchRow]:
    """Newest first."""
    wanted = select(SearchRow).order_by(SearchRow.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(SearchRow.id < before)
    return list(session.scalars(wanted))


def active_searches(session: Session) -> list[int]:
    """Ids of those that are not over, oldest first."""
    wanted = select(SearchRow.id).where(SearchRow.status.in_(ACTIVE)).order_by(SearchRow.id)
    return list(session.scalars(wanted))


def command_search(write: Write, row: SearchRow, kind: SearchCommand, actor: str) -> bool:
    """Pause, resume or stop a search with its trials; False: it is so already.

    Raises:
        NotAllowedNow: its status does not allow it.
    """
    leads_to: dict[SearchCommand, SearchStatus] = {
        "pause": "paused",
        "resume": "running",
        "stop": "stopped",
    }
    if leads_to[kind] == row.status:
        return False
    if kind not in ALLOWED[row.status]:
        possible = " or ".join(ALLOWED[row.status])
        raise NotAllowedNow(
            f"The search is {row.status}. "
            + (f"Possible is: {possible}." if possible else "It is over."),
            state=row.status,
            allowed=list(ALLOWED[row.status]),
        )
    reason = None if kind == "resume" else "user"
    changed = SearchStatusChanged(status=leads_to[kind], reason=reason)
    say_search(write, row, SearchCommandSent(command=kind, actor=actor), changed)
    pass_on(write, row)
    return True


def pass_on(write: Write, row: SearchRow) -> None:
    """Make the trials do what their search does: wait, go on, or end."""
    for trial in trials_of(write.session, [row.id])[row.id]:
        paused_by_us = trial.status is RunStatus.PAUSED and trial.reason == BY_SEARCH
        if trial.status is None or trial.is_over:
            continue
        if row.status == "stopped":
            ask_trial(write, trial, Stop())
        elif row.status == "paused" and trial.keeps_a_place:
            ask_trial(write, trial, Pause(reason=BY_SEARCH))
        elif row.status == "running" and (paused_by_us or trial.keeps_a_place):
            ask_trial(write, trial, Resume())


def ask_trial(write: Write, trial: Trial, command: Pause | Resume | Stop) -> None:
    """Ask what can be asked of it now; a trial that somebody stopped meanwhile is left alone."""
    try:
        send_command(write, trial.row.run_id, command, None, actor=BY_SEARCH)
    except Problem:
        return


def ask_repeat(
    write: Write, row: SearchRow, run_id: int | None, seeds: int, actor: str
) -> list[int]:
    """Have a trial's values tried with other seeds; the seeds.

    run_id: the best one when None.

    Raises:
        Invalid: it is no trial of the search, none counts yet, or there are too many.
        NotAllowedNow: all trials go on from one checkpoint, so that a seed changes nothing.
    """
    if row.from_checkpoint is not None:
        raise NotAllowedNow(
            "These trials go on from a checkpoint, with its random numbers: another seed would "
            "change nothing.",
            state="from_checkpoint",
        )
    trials = trials_of(write.session, [row.id])[row.id]
    best = best_of(trials, 1)
    if run_id is None and not best:
        raise Invalid("No trial has finished yet: there is no best one to repeat.", field="run_id")
    wanted = best[0].row.run_id if run_id is None else run_id
    trial = next((trial for trial in trials if trial.row.run_id == wanted), None)
    if trial is None:
        raise Invalid("This search has no such trial.", field="run_id")
    original = wanted if trial.row.repeat_of is None else trial.row.repeat_of
    if row.trials + len(row.seeds_asked) + seeds > TRIALS_MAX:
        raise Invalid(f"A search has at most {TRIALS_MAX:,} trials.", field="seeds")
    used = [row.seed, *(seed for asked, seed in row.seeds_asked if asked == original)]
    found = [(max(used) + 1 + place) % INT_MAX for place in range(seeds)]
    events: list[RepeatAsked | SearchStatusChanged] = [
        RepeatAsked(run_id=original, seeds=found, actor=actor)
    ]
    if row.status not in ACTIVE:
        events.append(SearchStatusChanged(status="running", reason="repeat"))
    say_search(write, row, *events)
    return found


def read_back_all(store: Store) -> None:
    """After a start: what the journals of searches say and SQL does not know; no run's id that was
    given to a trial is given again.
    """
    with store.writing() as write:
        for row in write.session.scalars(select(SearchRow).order_by(SearchRow.id)):
            if not write.searches.directory(row.id).is_dir():
                continue
            if read_back(write, row):
                pass_on(write, row)
    with store.lock:  # of searches that an older database does not know
        for directory in search_directories(store.searches.searches_dir):
            for _, event in read_search_journal(directory):
                if isinstance(event, TrialDrawn):
                    newest = max(store.searches.newest_run_id, event.run_id)
                    store.searches.newest_run_id = newest


def trial_of(session: Session, run: RunRow) -> TrialRow:
    """The trial that a run is.

    Raises:
        NotAllowedNow: it is an ordinary run.
    """
    row = session.get(TrialRow, (run.search_id or 0, run.trial or 0))
    if row is None:
        raise NotAllowedNow(
            "This run is no trial of a search. Fork it from a checkpoint instead.", state="ordinary"
        )
    return row

"""Finds and lists searches, and pauses, resumes, stops and extends them."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from babysit.protocol.commands import Pause, Resume, Stop
from babysit.protocol.status import RunStatus

from ...errors import APIError, Invalid, NotAllowed, NotFound
from ...limits import INT_MAX, TRIALS_MAX
from ..journals.search_journal import read_search_journal
from ..journals.search_records import (
    ALLOWED,
    RepeatAsked,
    SearchCommand,
    SearchCommandSent,
    SearchStatus,
    SearchStatusChanged,
    TrialSampled,
)
from ..journals.spec_file import highest_id, numbered_directories
from ..runs.commands import send_command
from ..store import Store, Transaction
from ..tables.runs import CommandRow, RunRow
from ..tables.searches import SearchRow, TrialRow
from .projection import emit_search, replay_from_journal
from .trials import Trial, best_of, trials_of

ACTIVE = ("queued", "running", "paused")
BY_SEARCH = "search"  # the actor and the reason where a search pauses or stops its trials


def find_search(session: Session, search_id: int) -> SearchRow:
    """A search by its id.

    Raises:
        NotFound: there is no search with this id.
    """
    row = session.get(SearchRow, search_id) if 0 < search_id <= INT_MAX else None
    if row is None:
        raise NotFound("Search not found.")
    return row


def next_search_id(tx: Transaction) -> int:
    """Above every id in SQL and every directory, so that no id is used twice."""
    highest = tx.session.scalar(select(func.max(SearchRow.id))) or 0
    return max(highest, highest_id(tx.searches.parent)) + 1


def newest_searches(session: Session, *, before: int | None, limit: int) -> list[SearchRow]:
    """Newest first."""
    query = select(SearchRow).order_by(SearchRow.id.desc()).limit(limit)
    if before is not None:
        query = query.where(SearchRow.id < before)
    return list(session.scalars(query))


def active_searches(session: Session) -> list[int]:
    """The ids of searches that have not ended, oldest first."""
    query = select(SearchRow.id).where(SearchRow.status.in_(ACTIVE)).order_by(SearchRow.id)
    return list(session.scalars(query))


def command_search(tx: Transaction, row: SearchRow, kind: SearchCommand, actor: str) -> bool:
    """Pause, resume or stop a search with its trials; False: nothing had to change.

    Raises:
        NotAllowed: its status does not allow the command.
    """
    leads_to: dict[SearchCommand, SearchStatus] = {
        "pause": "paused",
        "resume": "running",
        "stop": "stopped",
    }
    if leads_to[kind] == row.status:
        return False
    if kind not in ALLOWED[row.status]:
        possible = ", ".join(ALLOWED[row.status])
        raise NotAllowed(
            f"The search is {row.status}. "
            + (f"Allowed now: {possible}." if possible else "It takes no more commands."),
            state=row.status,
            allowed=list(ALLOWED[row.status]),
        )
    reason = None if kind == "resume" else "user"
    changed = SearchStatusChanged(status=leads_to[kind], reason=reason)
    emit_search(tx, row, SearchCommandSent(command=kind, actor=actor), changed)
    append_search_events(tx, row)
    return True


def append_search_events(tx: Transaction, row: SearchRow) -> None:
    """Pause, resume or stop the trials as their search was."""
    for trial in trials_of(tx.session, [row.id])[row.id]:
        paused_by_us = trial.status is RunStatus.PAUSED and trial.reason == BY_SEARCH
        if trial.status is None or trial.is_over:
            continue
        if row.status == "stopped":
            ask_trial(tx, trial, Stop())
        elif row.status == "paused" and trial.occupies_slot:
            ask_trial(tx, trial, Pause(reason=BY_SEARCH))
        elif row.status == "running" and (paused_by_us or trial.occupies_slot):
            ask_trial(tx, trial, Resume())


def is_left_paused(row: SearchRow, trial: Trial) -> bool:
    """Whether a running search has a trial that it paused, and that no longer is what it wants.

    A trial whose worker is being replaced takes no `resume`, and pauses again afterwards.
    """
    paused_by_us = trial.status is RunStatus.PAUSED and trial.reason == BY_SEARCH
    return row.status == "running" and paused_by_us


def resume_trial(tx: Transaction, trial: Trial) -> None:
    """Resume a trial, unless it was asked to already."""
    asked = select(CommandRow.id).where(
        CommandRow.run_id == trial.row.run_id,
        CommandRow.kind == "resume",
        CommandRow.status == "pending",
    )
    if tx.session.scalar(asked.limit(1)) is None:
        ask_trial(tx, trial, Resume())


def ask_trial(tx: Transaction, trial: Trial, command: Pause | Resume | Stop) -> None:
    """Send a command to a trial; one that no longer takes it is left alone."""
    try:
        send_command(tx, trial.row.run_id, command, None, actor=BY_SEARCH)
    except APIError:
        return


def ask_repeat(
    tx: Transaction, row: SearchRow, run_id: int | None, seeds: int, actor: str
) -> list[int]:
    """Repeat a trial with other seeds. Returns the seeds.

    run_id: None is the best trial.

    Raises:
        Invalid: the run is not a trial of the search, no trial counts yet, or there are too many.
        NotAllowed: all trials continue from one checkpoint, so that a seed changes nothing.
    """
    if row.from_checkpoint is not None:
        raise NotAllowed(
            "These trials continue from a checkpoint and its random state, so another seed "
            "would change nothing.",
            state="from_checkpoint",
        )
    trials = trials_of(tx.session, [row.id])[row.id]
    best = best_of(trials, 1)
    if run_id is None and not best:
        raise Invalid(
            "No trial has finished yet, so there is no best one to repeat.", field="run_id"
        )
    repeated = best[0].row.run_id if run_id is None else run_id
    trial = next((trial for trial in trials if trial.row.run_id == repeated), None)
    if trial is None:
        raise Invalid("This run is not a trial of the search.", field="run_id")
    original = repeated if trial.row.repeat_of is None else trial.row.repeat_of
    if row.trials + len(row.seeds_asked) + seeds > TRIALS_MAX:
        raise Invalid(f"A search has at most {TRIALS_MAX:,} trials.", field="seeds")
    used = [row.seed, *(seed for spec, seed in row.seeds_asked if spec == original)]
    new_seeds = [(max(used) + 1 + place) % INT_MAX for place in range(seeds)]
    events: list[RepeatAsked | SearchStatusChanged] = [
        RepeatAsked(run_id=original, seeds=new_seeds, actor=actor)
    ]
    if row.status not in ACTIVE:
        events.append(SearchStatusChanged(status="running", reason="repeat"))
    emit_search(tx, row, *events)
    return new_seeds


def replay_all_from_journal(store: Store) -> None:
    """After a start, apply what the journals of searches have and SQL lacks.

    Also notes the highest run id given to a trial, so that no id is used twice.
    """
    with store.writing() as tx:
        for row in tx.session.scalars(select(SearchRow).order_by(SearchRow.id)):
            if not tx.searches.directory(row.id).is_dir():
                continue
            if replay_from_journal(tx, row):
                append_search_events(tx, row)
    with store.lock:  # also of searches that an older database lacks
        for directory in numbered_directories(store.searches.parent):
            for _, event in read_search_journal(directory):
                if isinstance(event, TrialSampled):
                    newest = max(store.searches.newest_run_id, event.run_id)
                    store.searches.newest_run_id = newest


def trial_of(session: Session, run: RunRow) -> TrialRow:
    """The trial of a run.

    Raises:
        NotAllowed: the run is not a trial.
    """
    row = session.get(TrialRow, (run.search_id or 0, run.trial or 0))
    if row is None:
        raise NotAllowed(
            "This run is not a trial of a search. Fork it from a checkpoint instead.",
            state="ordinary",
        )
    return row

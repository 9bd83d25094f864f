"""Which queued run gets the next worker: ordinary runs first, trials in the slots left."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import bindparam, case, func, select
from sqlalchemy.orm import Session

from babysit.protocol.status import RunStatus

from ..store.tables.runs import RunRow
from ..store.tables.searches import SearchRow

BUSY = (RunStatus.STARTING, RunStatus.RUNNING)
OF_ITS_SEARCH = (
    select(
        RunRow.search_id,
        func.sum(case((RunRow.status.in_(BUSY), 1), else_=0)),
        func.min(case((RunRow.status == RunStatus.QUEUED, RunRow.id))),
    )
    .where(RunRow.status.in_((*BUSY, RunStatus.QUEUED)))
    .group_by(RunRow.search_id)
    .order_by(RunRow.search_id)
)


OF_THE_WAITING = (
    select(SearchRow.id, SearchRow.parallel)
    .where(
        SearchRow.id.in_(bindparam("waiting", expanding=True)),
        SearchRow.status.in_(("queued", "running")),
    )
    .order_by(SearchRow.id)
)


def frees_slot(event: dict[str, Any]) -> bool:
    """Whether an event frees a slot."""
    return event["kind"] == "status_changed" and event["status"] not in (RunStatus.QUEUED, *BUSY)


class Next(NamedTuple):
    """The run to start. is_last: no other one can be started after it."""

    run_id: int
    is_last: bool


def next_to_start(session: Session, parallel: int) -> Next | None:
    """The oldest queued run for which there is a slot, or None.

    Paused runs occupy no slot, and trials occupy none of the ordinary runs.

    parallel: the slots of ordinary runs; also those of trials, unless a search allows more.
    """
    by_search = {
        search_id: (busy, run_id) for search_id, busy, run_id in session.execute(OF_ITS_SEARCH)
    }
    busy, ordinary = by_search.pop(None, (0, None))
    if ordinary is not None:
        return Next(int(ordinary), is_last=False) if busy < parallel else None
    waiting = sorted(
        search_id for search_id, (_, run_id) in by_search.items() if run_id is not None
    )
    if not waiting:
        return None
    in_all = sum(busy for busy, _ in by_search.values())
    for search_id, places in session.execute(OF_THE_WAITING, {"waiting": waiting}):
        busy, run_id = by_search[search_id]
        room = min(places - busy, max(parallel, places) - in_all)
        if room > 0:
            return Next(int(run_id), is_last=room == 1 and len(waiting) == 1)
    return None


def free_places(session: Session, parallel: int) -> int:
    """How many places neither an ordinary run nor a trial has; 0 as long as a run can be started.

    parallel: all places.
    """
    busy = sum(count for _, count, _ in session.execute(OF_ITS_SEARCH))
    return 0 if next_to_start(session, parallel) is not None else max(0, parallel - busy)

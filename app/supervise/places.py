"""Which queued run gets the next worker: ordinary runs come first, trials take what is left."""

from __future__ import annotations

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.store.search_tables import SearchRow
from app.store.tables import RunRow
from babysit.messages import RunStatus

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


def next_to_start(session: Session, parallel: int) -> int | None:
    """A run that waits and has a place, the oldest first; None: there is none.

    A paused run costs no time: it keeps no place. Trials keep none from ordinary runs.

    parallel: ordinary runs at once; and trials of all searches at once, where none allows more.
    """
    found = {
        search_id: (busy, run_id) for search_id, busy, run_id in session.execute(OF_ITS_SEARCH)
    }
    busy, ordinary = found.pop(None, (0, None))
    if ordinary is not None:
        return int(ordinary) if busy < parallel else None
    waiting = sorted(search_id for search_id, (_, run_id) in found.items() if run_id is not None)
    if not waiting:
        return None
    wanted = select(SearchRow.id, SearchRow.parallel).where(
        SearchRow.id.in_(waiting), SearchRow.status.in_(("queued", "running"))
    )
    in_all = sum(busy for busy, _ in found.values())
    for search_id, places in session.execute(wanted.order_by(SearchRow.id)):
        busy, run_id = found[search_id]
        if busy < places and in_all < max(parallel, places):
            return int(run_id)
    return None

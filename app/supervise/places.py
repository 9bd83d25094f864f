"""Which queued run gets the next worker: ordinary runs come first, trials take what is left."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.store.search_tables import SearchRow
from app.store.tables import RunRow
from app.store.trials import busy_trials
from babysit.messages import RunStatus

BUSY = (RunStatus.STARTING, RunStatus.RUNNING)


def next_to_start(session: Session, parallel: int) -> int | None:
    """A run that waits and has a place, the oldest first; None: there is none.

    A paused run costs no time: it keeps no place. Trials keep none from ordinary runs.

    parallel: ordinary runs at once; and trials of all searches at once, where none allows more.
    """
    queued = select(RunRow.id).where(RunRow.status == RunStatus.QUEUED).order_by(RunRow.id)
    ordinary = session.scalar(queued.where(RunRow.search_id.is_(None)).limit(1))
    if ordinary is not None:
        busy = select(func.count()).where(RunRow.status.in_(BUSY), RunRow.search_id.is_(None))
        return ordinary if (session.scalar(busy) or 0) < parallel else None
    waiting = (
        select(SearchRow.id, SearchRow.parallel, func.min(RunRow.id))
        .join(RunRow, RunRow.search_id == SearchRow.id)
        .where(RunRow.status == RunStatus.QUEUED, SearchRow.status.in_(("queued", "running")))
        .group_by(SearchRow.id, SearchRow.parallel)
        .order_by(SearchRow.id)
    )
    found = session.execute(waiting).all()
    busy_in_all = busy_trials(session) if found else 0
    for search_id, places, run_id in found:
        has_room = busy_in_all < max(parallel, places)
        if has_room and busy_trials(session, search_id) < places:
            return int(run_id)
    return None

"""What a queued run waits for; the rule itself is the launcher's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from babysit.protocol.status import RunStatus

from ..tables.runs import RunRow
from ..tables.searches import SearchRow

BUSY = (RunStatus.STARTING, RunStatus.RUNNING)


@dataclass(frozen=True, slots=True)
class Wait:
    """what: a free slot, other runs, its search, or a machine that its launcher waits for.
    in_use, of: slots, where it waits for one. message: a sentence.
    """

    what: Literal["slot", "runs", "search", "machine"]
    message: str
    in_use: int | None = None
    of: int | None = None


@dataclass(frozen=True, slots=True)
class Slots:
    """How many runs have a slot, and how many wait for one, by search; None: ordinary runs.

    searches: status and slots of each search with trials that wait.
    """

    busy: dict[int | None, int]
    waiting: dict[int | None, int]
    searches: dict[int, tuple[str, int]]


def read_slots(session: Session) -> Slots:
    """Who has a slot now, and who waits."""
    query = (
        select(
            RunRow.search_id,
            func.sum(case((RunRow.status.in_(BUSY), 1), else_=0)),
            func.sum(case((RunRow.status == RunStatus.QUEUED, 1), else_=0)),
        )
        .where(RunRow.status.in_((*BUSY, RunStatus.QUEUED)))
        .group_by(RunRow.search_id)
    )
    counted = session.execute(query).all()
    waiting = {search_id: int(queued) for search_id, _, queued in counted}
    ids = [search_id for search_id, queued in waiting.items() if queued and search_id is not None]
    found = select(SearchRow.id, SearchRow.status, SearchRow.parallel).where(SearchRow.id.in_(ids))
    return Slots(
        {search_id: int(busy) for search_id, busy, _ in counted},
        waiting,
        {row.id: (row.status, row.parallel) for row in session.execute(found)} if ids else {},
    )


def wait_of(slots: Slots, search_id: int | None, parallel: int) -> Wait | None:
    """What a queued run waits for; None: it is started next.

    search_id: of which search it is a trial. parallel: as of `BABYSIT_PARALLEL`.
    """
    ordinary = slots.busy.get(None, 0)
    if search_id is None:
        return _for_a_slot(ordinary, parallel) if ordinary >= parallel else None
    before = slots.waiting.get(None, 0)
    if before:
        runs = "1 run that is" if before == 1 else f"{before} runs that are"
        return Wait("runs", f"Waits for {runs} queued: trials start after all other runs.")
    status, places = slots.searches.get(search_id, ("", 0))
    if status not in ("queued", "running"):
        return Wait("search", f"Waits for its search, which is {status or 'gone'}.")
    busy = slots.busy.get(search_id, 0)
    if busy >= places:
        return _for_a_slot(busy, places, " of its search")
    in_all = sum(count for search, count in slots.busy.items() if search is not None)
    limit = max(parallel, places)
    return _for_a_slot(in_all, limit, " for a trial") if in_all >= limit else None


def _for_a_slot(in_use: int, of: int, whose: str = "") -> Wait:
    verb = "is" if in_use == 1 else "are"
    message = f"Waits for a free slot{whose}: {in_use} of {of} {verb} in use."
    return Wait("slot", message, in_use, of)

"""Searches: asked for, looked at, paused and stopped, refined; their curves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from app.limits import (
    INT_MAX,
    NAME_CHARACTERS_MAX,
    PAGE_MAX,
    SEARCHES_DEFAULT,
    TRIAL_POINTS_DEFAULT,
    TRIAL_POINTS_MAX,
)
from app.store.search_begin import (
    Known,
    SearchWanted,
    name_of_refined,
    refined,
    spaces_of,
    start_search,
)
from app.store.search_tables import SearchRow
from app.store.search_views import search_list
from app.store.searches import ask_repeat, command_search, find_search, newest_searches
from app.store.store import Write
from app.store.trial_curves import draw_trials
from app.store.trials import VAL_COST
from app.web.parts import OnceOf, Parts, PartsOf
from app.web.search_answers import RepeatAsked, Search, SearchCommandDone, Searches, TrialCurves
from app.web.search_bodies import NewSearch, Refinement, RepeatTrial, SearchCommandIn

router = APIRouter(prefix="/api/searches", tags=["searches"])

DESCRIBED_WITHIN_S = 30.0
OWNER = "owner"


@router.post("", status_code=status.HTTP_201_CREATED, response_model=Search)
def start(asked: NewSearch, parts: PartsOf, once: OnceOf) -> JSONResponse:
    """A new search; its trials are drawn and started one after the other."""
    known = known_task(parts, asked.task)
    fields = asked.model_dump(exclude={"task"})
    parallel = asked.parallel or parts.settings.parallel
    wanted = SearchWanted(**{**fields, "parallel": parallel})

    def act(write: Write) -> dict[str, Any]:
        row = start_search(write, known, parts.store.runs_dir, wanted)
        return searches_json(parts, write.session, [row], trials=True)[0]

    answer = once.answer(status.HTTP_201_CREATED, act)
    parts.wake()
    return answer


@router.get("", response_model=Searches)
def list_searches(
    parts: PartsOf,
    *,
    before: Annotated[int | None, Query(ge=0, le=INT_MAX)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = SEARCHES_DEFAULT,
) -> Response:
    """Newest first."""
    with parts.store.reading() as session:
        rows = newest_searches(session, before=before, limit=limit + 1)
        shown = rows[:limit]
        found = searches_json(parts, session, shown, trials=False)
        following = shown[-1].id if len(rows) > limit else None
    return _json({"searches": found, "next": following})


@router.get("/{search_id}", response_model=Search)
def read(search_id: int, parts: PartsOf) -> Response:
    with parts.store.reading() as session:
        row = find_search(session, search_id)
        return _json(searches_json(parts, session, [row], trials=True)[0])


@router.post(
    "/{search_id}/commands", status_code=status.HTTP_202_ACCEPTED, response_model=SearchCommandDone
)
def command(search_id: int, asked: SearchCommandIn, parts: PartsOf, once: OnceOf) -> JSONResponse:
    """Pause: no further trials start, and running ones pause. Stop: they end."""

    def act(write: Write) -> dict[str, Any]:
        row = find_search(write.session, search_id)
        is_news = command_search(write, row, asked.kind, OWNER)
        return {"status": "sent" if is_news else "no_op"}

    answer = once.answer(status.HTTP_202_ACCEPTED, act, no_op=status.HTTP_200_OK)
    parts.wake()
    return answer


@router.post("/{search_id}/refine", status_code=status.HTTP_201_CREATED, response_model=Search)
def refine(search_id: int, asked: Refinement, parts: PartsOf, once: OnceOf) -> JSONResponse:
    """A new search in a box around the best trials; `clipped` names what met a declared bound."""
    with parts.store.reading() as session:
        task = find_search(session, search_id).task
    known = known_task(parts, task)

    def act(write: Write) -> dict[str, Any]:
        parent = find_search(write.session, search_id)
        wanted = refined(
            write, parent, known.declared, _refined(parent, asked), widen_edges=asked.widen_edges
        )
        row = start_search(write, known, parts.store.runs_dir, wanted)
        return searches_json(parts, write.session, [row], trials=True)[0]

    answer = once.answer(status.HTTP_201_CREATED, act)
    parts.wake()
    return answer


def _refined(parent: SearchRow, asked: Refinement) -> SearchWanted:
    return SearchWanted(
        space=parent.space,
        strategy=asked.strategy or parent.strategy,  # type: ignore[arg-type]  # checked before
        trials=asked.trials or parent.trials,
        parallel=parent.parallel,
        steps=asked.steps or parent.steps,
        seed=(parent.seed + 1) % INT_MAX if asked.seed is None else asked.seed,
        stop_early=parent.stop_early,
        from_checkpoint=parent.from_checkpoint,
        name=name_of_refined(parent) if asked.name is None else asked.name,
        note=asked.note,
        keep=asked.keep or parent.keep,
        widen=asked.widen or parent.widen,
        rounds=parent.rounds,
        points=parent.points,
        actor=OWNER,
    )


@router.post(
    "/{search_id}/repeat", status_code=status.HTTP_202_ACCEPTED, response_model=RepeatAsked
)
def repeat(search_id: int, asked: RepeatTrial, parts: PartsOf, once: OnceOf) -> JSONResponse:
    """More trials with the values of one, each with another seed."""

    def act(write: Write) -> dict[str, Any]:
        row = find_search(write.session, search_id)
        seeds = ask_repeat(write, row, asked.run_id, asked.seeds, OWNER)
        return {"status": "sent", "seeds": seeds}

    answer = once.answer(status.HTTP_202_ACCEPTED, act)
    parts.wake()
    return answer


@router.get("/{search_id}/curves", response_model=TrialCurves)
def curves(
    search_id: int,
    parts: PartsOf,
    *,
    series: Annotated[str, Query(max_length=NAME_CHARACTERS_MAX)] = VAL_COST,
    points: Annotated[int, Query(ge=1, le=TRIAL_POINTS_MAX)] = TRIAL_POINTS_DEFAULT,
) -> Response:
    """One series of all trials."""
    with parts.store.reading() as session:
        find_search(session, search_id)
        return _json({"series": series, "runs": draw_trials(session, search_id, series, points)})


def known_task(parts: Parts, name: str) -> Known:
    """Raises: Invalid, NotReady: there is no such task, or it is still being looked at."""
    task = parts.catalog.find(name, DESCRIBED_WITHIN_S)
    return Known(task.name, task.declared, task.default_steps)


def searches_json(
    parts: Parts, session: Session, rows: Sequence[SearchRow], *, trials: bool
) -> list[dict[str, Any]]:
    declared = {task.name: task.declared for task in parts.catalog.tasks() if task.error is None}
    return search_list(session, rows, spaces=spaces_of(list(rows), declared), trials=trials)


def _json(body: dict[str, Any]) -> Response:
    """Encoded as it is: a row of a space has the fields that it was given, and no others."""
    content = json.dumps(body, separators=(",", ":"), allow_nan=False)
    return Response(content, media_type="application/json")

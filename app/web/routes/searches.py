"""Searches: start, read, pause, stop, refine; their curves; a trial that becomes a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from babysit.protocol.objective import VAL_COST

from ...limits import (
    INT_MAX,
    NAME_CHARACTERS_MAX,
    PAGE_MAX,
    SEARCHES_DEFAULT,
    TRIAL_POINTS_DEFAULT,
    TRIAL_POINTS_MAX,
)
from ...store.curves.trials import draw_trials
from ...store.run_json import run_list
from ...store.runs.checkpoints import find_checkpoint
from ...store.runs.runs import find_run
from ...store.searches.create import refined, spaces_of, start_search
from ...store.searches.sample import promote
from ...store.searches.searches import ask_repeat, command_search, find_search, newest_searches
from ...store.searches.serialize import search_list
from ...store.store import Transaction
from ...store.tables.searches import SearchRow
from ...task_catalog import TaskInfo
from ..deps import (
    AppState,
    AppStateDep,
    IdempotencyDep,
    PathId,
    create,
    json_response,
    task_asked_for,
    task_of,
    task_of_search,
)
from ..schemas.responses import Run
from ..schemas.search_requests import NewSearch, Promotion, Refinement, RepeatTrial, SearchCommandIn
from ..schemas.search_responses import (
    RepeatAsked,
    Search,
    SearchCommandDone,
    Searches,
    TrialCurves,
)
from ..stored_checkpoints import fetch_if_gone, fetch_newest

router = APIRouter(prefix="/api", tags=["searches"])

OWNER = "owner"


@router.post("/searches", status_code=status.HTTP_201_CREATED, response_model=Search)
def start(requested: NewSearch, state: AppStateDep, idempotency: IdempotencyDep) -> JSONResponse:
    """Start a search. Its trials are sampled and started one after another."""
    task = searched_task(state, requested)
    options = search_options(state, requested)
    if requested.from_checkpoint is not None:
        fetch_if_gone(state, requested.from_checkpoint)

    def act(tx: Transaction) -> dict[str, Any]:
        row = start_search(tx, task, state.store.runs_dir, options)
        return searches_json(state, tx.session, [row], trials=True)[0]

    return create(state, idempotency, act)


@router.get("/searches", response_model=Searches)
def list_searches(
    state: AppStateDep,
    *,
    before: Annotated[int | None, Query(ge=0, le=INT_MAX)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = SEARCHES_DEFAULT,
) -> Response:
    """Searches without their trials, newest first."""
    with state.store.reading() as session:
        rows = newest_searches(session, before=before, limit=limit + 1)
        shown = rows[:limit]
        summaries = searches_json(state, session, shown, trials=False)
        following = shown[-1].id if len(rows) > limit else None
    return json_response({"searches": summaries, "next": following})


@router.get("/searches/{search_id}", response_model=Search)
def read(search_id: PathId, state: AppStateDep) -> Response:
    """A search with its trials."""
    with state.store.reading() as session:
        return json_response(read_search(state, session, search_id))


@router.post(
    "/searches/{search_id}/commands",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=SearchCommandDone,
)
def command(
    search_id: PathId, requested: SearchCommandIn, state: AppStateDep, idempotency: IdempotencyDep
) -> JSONResponse:
    """Pause, resume or stop a search together with its running trials."""

    def act(tx: Transaction) -> dict[str, Any]:
        row = find_search(tx.session, search_id)
        is_new = command_search(tx, row, requested.kind, OWNER)
        return {"status": "sent" if is_new else "no_op"}

    answer = idempotency.answer(status.HTTP_202_ACCEPTED, act, no_op=status.HTTP_200_OK)
    state.wake()
    return answer


@router.post(
    "/searches/{search_id}/refine", status_code=status.HTTP_201_CREATED, response_model=Search
)
def refine(
    search_id: PathId, requested: Refinement, state: AppStateDep, idempotency: IdempotencyDep
) -> JSONResponse:
    """Start a new search in a smaller space around the best trials.

    `clipped` names the hyperparameters whose range met a declared bound.
    """
    task = task_of_search(state, search_id)
    changes = requested.model_dump(exclude={"widen_edges"})

    def act(tx: Transaction) -> dict[str, Any]:
        parent = find_search(tx.session, search_id)
        options = refined(tx, parent, task.declared, changes, widen_edges=requested.widen_edges)
        row = start_search(tx, task, state.store.runs_dir, options)
        return searches_json(state, tx.session, [row], trials=True)[0]

    return create(state, idempotency, act)


@router.post(
    "/searches/{search_id}/repeat", status_code=status.HTTP_202_ACCEPTED, response_model=RepeatAsked
)
def repeat(
    search_id: PathId, requested: RepeatTrial, state: AppStateDep, idempotency: IdempotencyDep
) -> JSONResponse:
    """Repeat a trial with other seeds."""

    def act(tx: Transaction) -> dict[str, Any]:
        row = find_search(tx.session, search_id)
        seeds = ask_repeat(tx, row, requested.run_id, requested.seeds, OWNER)
        return {"status": "sent", "seeds": seeds}

    answer = idempotency.answer(status.HTTP_202_ACCEPTED, act)
    state.wake()
    return answer


@router.get("/searches/{search_id}/curves", response_model=TrialCurves)
def curves(
    search_id: PathId,
    state: AppStateDep,
    *,
    series: Annotated[str, Query(max_length=NAME_CHARACTERS_MAX)] = VAL_COST,
    points: Annotated[int, Query(ge=1, le=TRIAL_POINTS_MAX)] = TRIAL_POINTS_DEFAULT,
) -> Response:
    """One series of each trial, downsampled to `points`."""
    with state.store.reading() as session:
        find_search(session, search_id)
        return json_response(
            {"series": series, "runs": draw_trials(session, search_id, series, points)}
        )


@router.post("/runs/{run_id}/promote", status_code=status.HTTP_201_CREATED, response_model=Run)
def promote_trial(
    run_id: PathId, requested: Promotion, state: AppStateDep, idempotency: IdempotencyDep
) -> JSONResponse:
    """Continue a trial as an ordinary run: from its latest checkpoint, or from scratch."""
    task = task_of(state, run_id)
    options = requested.model_dump(exclude={"from_"})
    if requested.from_ != "scratch":
        fetch_newest(state, run_id)

    def act(tx: Transaction) -> dict[str, Any]:
        run = find_run(tx.session, run_id)
        is_scratch = requested.from_ == "scratch"
        made = promote(tx, state.store.runs_dir, run, task, options, scratch=is_scratch)
        return run_list(tx.session, [made])[0]

    return create(state, idempotency, act)


def searched_task(state: AppState, requested: NewSearch) -> TaskInfo:
    """What a search trains. That of a checkpoint's run need not be named.

    Raises:
        NotFound: there is no such checkpoint.
        Invalid, NotReady: see `task_asked_for`.
    """
    is_named = requested.task is not None or requested.script is not None
    if is_named or requested.from_checkpoint is None:
        return task_asked_for(state, requested.task, requested.script, described=True)
    with state.store.reading() as session:
        run_id = find_checkpoint(session, requested.from_checkpoint).run_id
    return task_of(state, run_id)


def search_options(state: AppState, requested: NewSearch) -> dict[str, Any]:
    """The fields of `SearchSpec` in a request. By default there is a trial for each slot."""
    fields = requested.model_dump(exclude={"task", "script"})
    return {**fields, "parallel": requested.parallel or max(1, state.slots())}


def searches_json(
    state: AppState, session: Session, rows: Sequence[SearchRow], *, trials: bool
) -> list[dict[str, Any]]:
    declared = {task.name: task.declared for task in state.catalog.tasks() if task.error is None}
    return search_list(session, rows, spaces=spaces_of(list(rows), declared), trials=trials)


def read_search(state: AppState, session: Session, search_id: int) -> dict[str, Any]:
    """A search with its trials.

    Raises:
        NotFound: it does not exist.
    """
    row = find_search(session, search_id)
    return searches_json(state, session, [row], trials=True)[0]

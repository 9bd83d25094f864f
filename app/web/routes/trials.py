"""A trial of a search becomes an ordinary run."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, status
from fastapi.responses import JSONResponse

from ...store.run_json import run_list
from ...store.runs.create import RunRequest
from ...store.runs.runs import find_run
from ...store.searches.sample import promote
from ...store.store import Transaction
from ..deps import AppStateDep, IdempotencyDep
from ..schemas.responses import Run
from ..schemas.search_requests import Promotion
from .searches import known_task

router = APIRouter(prefix="/api/runs", tags=["searches"])


@router.post("/{run_id}/promote", status_code=status.HTTP_201_CREATED, response_model=Run)
def promote_trial(
    run_id: int, requested: Promotion, state: AppStateDep, idempotency: IdempotencyDep
) -> JSONResponse:
    """The trial goes on as a run of its own: from its newest checkpoint, or from scratch."""
    with state.store.reading() as session:
        task = find_run(session, run_id).task
    known = known_task(state, task)
    request = RunRequest(name=requested.name, note=requested.note, steps=requested.steps)

    def act(tx: Transaction) -> dict[str, Any]:
        run = find_run(tx.session, run_id)
        is_scratch = requested.from_ == "scratch"
        made = promote(tx, state.store.runs_dir, run, known, request, scratch=is_scratch)
        return run_list(tx.session, [made])[0]

    answer = idempotency.answer(status.HTTP_201_CREATED, act)
    state.wake()
    return answer

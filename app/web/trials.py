"""A trial of a search becomes an ordinary run."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, status
from fastapi.responses import JSONResponse

from app.store.begin import Wanted
from app.store.runs import find_run
from app.store.store import Write
from app.store.trial_begin import promote
from app.store.views import run_list
from app.web.answers import Run
from app.web.parts import OnceOf, PartsOf
from app.web.search_bodies import Promotion
from app.web.searches import known_task

router = APIRouter(prefix="/api/runs", tags=["searches"])


@router.post("/{run_id}/promote", status_code=status.HTTP_201_CREATED, response_model=Run)
def promote_trial(run_id: int, asked: Promotion, parts: PartsOf, once: OnceOf) -> JSONResponse:
    """The trial goes on as a run of its own: from its newest checkpoint, or from scratch."""
    with parts.store.reading() as session:
        task = find_run(session, run_id).task
    known = known_task(parts, task)
    wanted = Wanted(name=asked.name, note=asked.note, steps=asked.steps)

    def act(write: Write) -> dict[str, Any]:
        run = find_run(write.session, run_id)
        is_scratch = asked.from_ == "scratch"
        made = promote(write, parts.store.runs_dir, run, known, wanted, scratch=is_scratch)
        return run_list(write.session, [made])[0]

    answer = once.answer(status.HTTP_201_CREATED, act)
    parts.wake()
    return answer

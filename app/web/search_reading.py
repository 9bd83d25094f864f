"""Before a search and after it: what it would draw and take, and what its results say."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter

from app.search import preview
from app.search.importance import importance
from app.search.space import parse_space
from app.search.strategy import total
from app.store.search_begin import SearchWanted, invalid, planned
from app.store.search_cost import advice, estimate
from app.store.searches import find_search
from app.store.trials import trials_of
from app.web.parts import PartsOf
from app.web.search_answers import Importance, Preview
from app.web.search_bodies import SearchPreview
from app.web.searches import known_task
from babysit.hyperparameters import InvalidValue

router = APIRouter(prefix="/api/searches", tags=["searches"])


@router.post("/preview")
def show(asked: SearchPreview, parts: PartsOf) -> Preview:
    """What a search would draw, what is unwise about it, and what it would take. Nothing starts."""
    known = known_task(parts, asked.task)
    parallel = asked.parallel or parts.settings.parallel
    fields = asked.model_dump(exclude={"task"})
    wanted = SearchWanted(**{**fields, "parallel": parallel})
    plan = planned(known.declared, wanted, asked.seed or 0, is_preview=True)
    cells = plan.space.grid_cells(plan.points)
    trials = cells if plan.strategy == "grid" else total(plan)
    steps = asked.steps or known.default_steps
    with parts.store.reading() as session:
        found = estimate(session, known.task, steps=steps, trials=trials, parallel=parallel)
    picture = preview.teaching(plan)
    return Preview.model_validate(
        {
            "draws": preview.draws(plan),
            "warnings": [asdict(warned) for warned in preview.warnings(known.declared, plan)],
            "grid_cells": cells,
            "estimate": asdict(found),
            "advice": asdict(advice(found, trials)),
            "teaching": None if picture is None else asdict(picture),
        }
    )


@router.get("/{search_id}/importance")
def read_importance(search_id: int, parts: PartsOf) -> Importance:
    """How much each hyperparameter explains, by the trials that count."""
    with parts.store.reading() as session:
        row = find_search(session, search_id)
        told = [trial.told() for trial in trials_of(session, [search_id])[search_id] if trial.fits]
        task, space = row.task, row.space
    known = known_task(parts, task)
    try:
        found = importance(parse_space(known.declared, space), told)
    except InvalidValue as error:
        raise invalid(error, "space") from error
    return Importance.model_validate(asdict(found))

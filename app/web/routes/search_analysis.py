"""Preview of a search, and the importance of its hyperparameters."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter

from babysit.protocol.hyperparameters import InvalidValue

from ...cpus import usable_cpus
from ...search import preview
from ...search.importance import importance
from ...search.samplers import total
from ...search.space import parse_space
from ...store.searches.create import draft_spec, invalid, planned
from ...store.searches.estimate import advice, estimate
from ...store.searches.searches import find_search
from ...store.searches.trials import trials_of
from ..deps import AppStateDep, PathId, task_of_search
from ..schemas.search_requests import SearchPreview
from ..schemas.search_responses import Importance, Preview
from .searches import search_options, searched_task

router = APIRouter(prefix="/api/searches", tags=["searches"])


@router.post("/preview")
def show(requested: SearchPreview, state: AppStateDep) -> Preview:
    """Sample trials, warnings and a time estimate for a search. Nothing is started."""
    task = searched_task(state, requested)
    options = {**search_options(state, requested), "seed": requested.seed or 0}
    spec = draft_spec(task, options)
    plan = planned(task.declared, spec, is_preview=True)
    spec = plan.spec
    cells = plan.space.grid_cells(spec.points)
    trials = cells if spec.strategy == "grid" else total(plan)
    steps = requested.steps or task.default_steps
    with state.store.reading() as session:
        duration = estimate(
            session,
            task.name,
            steps=steps,
            trials=trials,
            parallel=spec.parallel,
            cores=state.slots() if state.settings.ray else usable_cpus(),
        )
    picture = preview.grid_vs_random(plan)
    return Preview.model_validate(
        {
            "draws": preview.samples(plan),
            "warnings": [asdict(warned) for warned in preview.warnings(task.declared, plan)],
            "grid_cells": cells,
            "estimate": asdict(duration),
            "advice": asdict(advice(duration, trials)),
            "teaching": None if picture is None else asdict(picture),
        }
    )


@router.get("/{search_id}/importance")
def read_importance(search_id: PathId, state: AppStateDep) -> Importance:
    """How much each hyperparameter explains of the differences between the counted trials."""
    with state.store.reading() as session:
        row = find_search(session, search_id)
        completed = [
            trial.completed()
            for trial in trials_of(session, [search_id])[search_id]
            if trial.is_valid_result
        ]
        space = row.space
    task = task_of_search(state, search_id)
    try:
        result = importance(parse_space(task.declared, space), completed)
    except InvalidValue as error:
        raise invalid(error, "space") from error
    return Importance.model_validate(asdict(result))

"""Replays: runs that repeat another run or a recipe and are compared bit by bit."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, status
from fastapi.responses import JSONResponse

from babysit.protocol.recipes.plain_yaml import write_recipe
from babysit.protocol.recipes.recipe import Recipe

from ...store.run_json import run_list
from ...store.runs.replay.recipes import make_recipe
from ...store.runs.replay.replays import options_of, recipe_in, start_replay
from ...store.runs.replay.script_replays import script_to_replay
from ...store.runs.runs import find_run
from ...store.store import Transaction
from ...task_catalog import TaskInfo
from ..deps import (
    AppState,
    AppStateDep,
    Idempotency,
    IdempotencyDep,
    PathId,
    create,
    described_task,
)
from ..schemas.requests import NewReplay, RecipeSent
from ..schemas.responses import Run

router = APIRouter(prefix="/api", tags=["replays"])


@router.post("/runs/{run_id}/replay", status_code=status.HTTP_201_CREATED, response_model=Run)
def replay_run(
    run_id: PathId, requested: NewReplay, state: AppStateDep, idempotency: IdempotencyDep
) -> JSONResponse:
    """Repeat a run from step 0 and compare it with the original."""
    with state.store.reading() as session:
        recipe = make_recipe(session, state.store.runs_dir, run_id)
        run = find_run(session, run_id)
        original, script = {"replay_of": run_id, "objective": run.ranking}, run.script
    task = _task(state, recipe, requested, script)
    text = write_recipe(recipe)
    return _start(state, idempotency, recipe, text, requested, task=task, original=original)


@router.post("/replays", status_code=status.HTTP_201_CREATED, response_model=Run)
def replay_recipe(
    requested: RecipeSent, state: AppStateDep, idempotency: IdempotencyDep
) -> JSONResponse:
    """Start a run from a recipe and compare it with what the recipe recorded."""
    recipe = recipe_in(requested.recipe)
    return _start(
        state,
        idempotency,
        recipe,
        requested.recipe,
        requested,
        task=_task(state, recipe, requested, None),
        original={"replay_of": None},
    )


def _task(
    state: AppState, recipe: Recipe, requested: NewReplay, script: dict[str, Any] | None
) -> TaskInfo:
    """What is trained: the task of the recipe, or its script if that is still the same.

    script: of the run that is repeated, if it is here.

    Raises:
        Invalid, NotReady: see `described_task`.
        NotAllowed: see `script_to_replay`.
    """
    if recipe.script is None:
        return described_task(state, recipe.task)
    return script_to_replay(state.settings.data_dir, recipe, script, requested.seed)


def _start(
    state: AppState,
    idempotency: Idempotency,
    recipe: Recipe,
    text: str,
    requested: NewReplay,
    *,
    task: TaskInfo,
    original: dict[str, Any],
) -> JSONResponse:
    options = options_of(
        recipe, seed=requested.seed, max_steps_per_s=requested.max_steps_per_s, **original
    )

    def act(tx: Transaction) -> dict[str, Any]:
        run = start_replay(tx, recipe, text, task, options)
        return run_list(tx.session, [run])[0]

    return create(state, idempotency, act)

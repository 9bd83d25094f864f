"""Replay: a run that does what another one did, and is compared with it to the last bit."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, status
from fastapi.responses import JSONResponse

from app.store.recipes import make_recipe
from app.store.replays import recipe_in, start_replay, wanted_of
from app.store.store import Write
from app.store.views import run_list
from app.web.answers import Run
from app.web.bodies import NewReplay, RecipeSent
from app.web.parts import Once, OnceOf, Parts, PartsOf
from babysit.recipe import Recipe
from babysit.recipe_file import write_recipe

router = APIRouter(prefix="/api", tags=["replays"])

DESCRIBED_WITHIN_S = 30.0


@router.post("/runs/{run_id}/replay", status_code=status.HTTP_201_CREATED, response_model=Run)
def replay_run(run_id: int, asked: NewReplay, parts: PartsOf, once: OnceOf) -> JSONResponse:
    """Do the whole run again, from step 0 on."""
    with parts.store.reading() as session:
        recipe = make_recipe(session, parts.store.runs_dir, run_id)
    return _start(parts, once, recipe, write_recipe(recipe), asked, run_id)


@router.post("/replays", status_code=status.HTTP_201_CREATED, response_model=Run)
def replay_recipe(asked: RecipeSent, parts: PartsOf, once: OnceOf) -> JSONResponse:
    """Do what a recipe says, wherever it comes from."""
    return _start(parts, once, recipe_in(asked.recipe), asked.recipe, asked, None)


def _start(
    parts: Parts,
    once: Once,
    recipe: Recipe,
    text: str,
    asked: NewReplay,
    replay_of: int | None,
) -> JSONResponse:
    task = parts.catalog.find(recipe.task, DESCRIBED_WITHIN_S)
    wanted = wanted_of(
        recipe, seed=asked.seed, replay_of=replay_of, max_steps_per_s=asked.max_steps_per_s
    )

    def act(write: Write) -> dict[str, Any]:
        run = start_replay(write, recipe, text, task.declared, wanted)
        return run_list(write.session, [run])[0]

    answer = once.answer(status.HTTP_201_CREATED, act)
    parts.wake()
    return answer

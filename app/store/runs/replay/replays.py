"""New runs that repeat a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from babysit.protocol.objective import Objective
from babysit.protocol.recipes.plain_yaml import read_recipe
from babysit.protocol.recipes.recipe import FILE, BadRecipe, Recipe, commands
from babysit.storage.atomic import write_atomic

from ....errors import Invalid
from ....limits import NAME_CHARACTERS_MAX
from ....task_catalog import TaskInfo
from ...store import Transaction
from ...tables.runs import CommandRow, RunRow
from ..create import start_run
from ..projection import emit


def recipe_in(text: str) -> Recipe:
    """Parse a recipe that a client sent.

    Raises:
        Invalid: the text is not a recipe.
    """
    try:
        return read_recipe(text)
    except BadRecipe as error:
        raise Invalid(f"This is not a recipe: {error}.", field="recipe") from error


def start_replay(
    tx: Transaction, recipe: Recipe, text: str, task: TaskInfo, options: Mapping[str, Any]
) -> RunRow:
    """A new run that applies every change of a recipe at its step, queued.

    text: the recipe as a file; it is put into the run's directory.
    options: as `options_of` makes them.

    Raises:
        Invalid: a value does not fit the task.
        OSError: the disk is full or broken.
    """
    run = start_run(tx, task, options)
    write_atomic(tx.journals.directory(run.id) / FILE, text)
    first_id = (tx.session.scalar(select(func.max(CommandRow.id))) or 0) + 1
    for sent in commands(recipe, first_id):
        emit(tx, run, sent)
    return run


def options_of(
    recipe: Recipe,
    *,
    seed: int | None,
    replay_of: int | None,
    objective: Objective | None = None,
    max_steps_per_s: float | None,
) -> dict[str, Any]:
    """The fields of `RunSpec` for a run that repeats a recipe.

    objective: of the run that it repeats, if that is known here.
    """
    other = "" if seed in (None, recipe.seed) else f" on seed {seed}"
    room = NAME_CHARACTERS_MAX - len("Replay of ") - len(other)
    return {
        "values": recipe.values,
        "steps": recipe.steps if recipe.script is None or recipe.script.limited else None,
        "seed": recipe.seed if seed is None else seed,
        "name": f"Replay of {recipe.name[:room]}{other}",
        "max_steps_per_s": max_steps_per_s,
        "recipe": True,
        "replay_of": replay_of,
        "objective": None if objective is None else objective.name,
        "mode": None if objective is None else objective.mode,
    }

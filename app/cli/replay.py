"""`babysit replay`: repeats a recipe and reports whether the result is bit-identical."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from babysit.client import BabysitError, Client
from babysit.protocol.recipes.fields import INT_MAX
from babysit.protocol.recipes.plain_yaml import read_recipe
from babysit.protocol.recipes.recipe import RECIPE_BYTES_MAX, BadRecipe, Recipe
from babysit.protocol.status import RunStatus
from babysit.storage.server_file import is_server_there

from ..errors import CannotReplay
from .replay_client import Outcome, replay_alone, replay_on_server
from .settings import data_dir_settings

EQUAL, DIFFERENT, NOT_DONE = 0, 1, 2  # exit codes


def register(commands: Any) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "replay", help="repeat a run from its recipe and compare the results"
    )
    parser.add_argument(
        "recipe", type=Path, help="a recipe file: an export of a run with format=recipe"
    )
    parser.add_argument("--seed", type=int, help="another seed; then nothing is compared")
    parser.add_argument(
        "--data-dir", type=Path, help="use the server of this directory, if it runs (default var)"
    )
    parser.set_defaults(act=replay)


def replay(arguments: argparse.Namespace) -> None:
    """Exit with 0 if all is equal, 1 if not, 2 if the replay failed."""
    try:
        text, recipe = _opened(arguments.recipe)
        if arguments.seed is not None and not 0 <= arguments.seed <= INT_MAX:
            raise CannotReplay(f"--seed must be from 0 to {INT_MAX:,}")
        server = _server(arguments)
        seed = recipe.seed if arguments.seed is None else arguments.seed
        if server is not None:
            outcome = replay_on_server(server, text, seed)
        else:
            outcome = replay_alone(recipe, text, seed)
    except (CannotReplay, BabysitError, OSError) as error:
        _end(NOT_DONE, f"babysit: {error}")
    except KeyboardInterrupt:
        _end(NOT_DONE, "babysit: interrupted")
    for warning in outcome.warnings:
        sys.stderr.write(f"warning: {warning}\n")
    _end(*verdict(recipe, seed, outcome))


def _end(code: int, line: str) -> Any:
    out = sys.stderr if code == NOT_DONE else sys.stdout
    out.write(f"{line}\n")
    sys.exit(code)


def _opened(path: Path) -> tuple[str, Recipe]:
    try:
        if path.stat().st_size > RECIPE_BYTES_MAX:
            raise CannotReplay(f"{path} is not a recipe: it is too large")
        text = path.read_text(encoding="utf-8")
        return text, read_recipe(text)
    except OSError as error:
        raise CannotReplay(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CannotReplay(f"{path} is not a recipe: it is not text") from error
    except BadRecipe as error:
        raise CannotReplay(f"{path} is not a recipe: {error}") from error


def _server(arguments: argparse.Namespace) -> Client | None:
    """The server that runs the replay; None: this process does."""
    settings = data_dir_settings(arguments)
    url = os.environ.get("BABYSIT_URL")
    try:
        if not url and not is_server_there(settings.data_dir):
            return None
    except OSError as error:
        raise CannotReplay(f"{settings.data_dir} cannot be used: {error.strerror}") from error
    return Client(url, settings.token, data_dir=settings.data_dir)


def verdict(recipe: Recipe, seed: int, outcome: Outcome) -> tuple[int, str]:
    """The exit code and a line with the result."""
    step = f"{outcome.step:,}"
    if outcome.status in (RunStatus.FAILED, RunStatus.LOST):
        why = f"{outcome.status.value} at step {step}: {outcome.reason}"
        return NOT_DONE, f"babysit: the replay of {recipe.name!r} {why}"
    if seed != recipe.seed:
        figures = ", ".join(f"{name} {value}" for name, value in outcome.figures.items())
        line = f"{recipe.name!r} run on another seed, {seed} instead of {recipe.seed}"
        return EQUAL, f"{line}: step {step}, {figures}."
    result = outcome.replayed
    if result is None:
        return NOT_DONE, f"babysit: nothing was compared; the run ended at step {step}"
    if not result["equal"]:
        found = f"{result['quantity']} was {result['recorded']}, is {result['found']}"
        return (
            DIFFERENT,
            f"{recipe.name!r} differs first at step {result['first_step']:,}: {found}.",
        )
    if result["branched"]:
        line = f"changed by hand or ended at step {result['step']:,}; up to there it is equal"
        return NOT_DONE, f"babysit: {recipe.name!r} was {line}"
    return EQUAL, f"{recipe.name!r} is equal to the last bit, up to its last step, {step}."

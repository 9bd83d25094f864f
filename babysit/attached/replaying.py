"""A script's run that repeats a recipe: what it is compared with."""

from __future__ import annotations

from babysit.attached.restoring import end_untrained
from babysit.attached.safety import CannotContinue
from babysit.attached.session import ScriptSession
from babysit.protocol.recipes.recipe import BadRecipe
from babysit.resume.replay import ReplayCheck, open_recipe
from babysit.training.user_code.provenance import differences


def follow_recipe(session: ScriptSession, device: str, problems: list[str]) -> None:
    """Let the run be compared with the recipe in its directory, if it repeats one.

    device: of the training. problems: takes what keeps it from being equal, in words.

    Raises:
        CannotContinue: the recipe cannot be read; nothing was trained.
    """
    training, spec = session.training, session.spec
    try:
        recipe = open_recipe(session.directory, spec)
    except (BadRecipe, OSError) as error:
        end_untrained(session, f"The recipe cannot be read: {error}")
        raise CannotContinue(1) from error
    if recipe is None:
        return
    training.made_with["threads"] = int(recipe.made_with["threads"])  # as `open_recipe` has set
    if recipe.mixed:
        names = ", ".join(recipe.mixed)
        problems.append(f"The original was not made with one and the same {names}.")
    if spec.seed != recipe.seed:
        return  # there is nothing to compare
    now = {**training.made_with, "device": device}
    then = {name: value for name, value in recipe.made_with.items() if name in now}
    if found := differences(then, now):
        problems.append(
            f"Not exact to the last bit: another {', '.join(found)} than in the recipe."
        )
    if not session.history.replayed:
        session.replay_check = ReplayCheck(recipe, session.history, training.step)

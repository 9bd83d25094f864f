"""Compares a run that repeats a recipe with what its original recorded, to the last bit."""

from __future__ import annotations

import os
import struct
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import torch

from babysit.protocol.events import Replayed
from babysit.protocol.recipes.plain_yaml import read_recipe
from babysit.protocol.recipes.recipe import COMPARED, FILE, Recipe, When
from babysit.protocol.spec.run_spec import RunSpec
from babysit.resume.history import RunHistory, are_equal
from babysit.storage.journal import to_jsonable
from babysit.training.state import Training
from babysit.training.steered import SteeredTraining

ROW = struct.Struct(f"<{len(COMPARED)}d")


@dataclass(frozen=True, slots=True)
class Difference:
    """The first value that is not equal. A hash differs at the step it was taken at."""

    step: int
    quantity: str
    recorded: float | str
    found: float | str


class ReplayCheck:
    """What is still to be compared, and the first difference so far."""

    def __init__(self, recipe: Recipe, history: RunHistory, from_step: int) -> None:
        """past, from_step: what earlier attempts of this run made already, and up to where."""
        self.until = recipe.until
        self.first: Difference | None = None
        self._rows: dict[int, bytes] = {}  # of a task
        self._logged: dict[str, dict[int, float]] = {}  # of a script: series -> step -> value
        if recipe.script is None:
            rows = map(ROW.pack, *recipe.recorded.values.tolist())
            self._rows = dict(zip(recipe.recorded.steps.tolist(), rows, strict=True))
        else:
            for block in (recipe.recorded, *recipe.others):
                steps = block.steps.tolist()
                for name, row in zip(block.names, block.values.tolist(), strict=True):
                    self._logged[name] = dict(zip(steps, row, strict=True))
        order = {"before": 0, "after": 1}
        states = sorted(recipe.states, key=lambda state: (state.step, order[state.when]))
        # An attempt may begin between two changes of one step: no state before them is left then.
        begun = ("after",) if history.attempts else ("before", "after")
        self._states = deque(
            state
            for state in states
            if state.step > from_step or (state.step == from_step and state.when in begun)
        )
        for step in sorted(step for step in history.costs if step <= from_step):
            recorded = self._rows.get(step)
            if recorded is not None:  # of the other quantities there is no note
                self.compare(step, (history.costs[step], *ROW.unpack(recorded)[1:]))
        logged = history.logged or {}
        for step in sorted({step for values in logged.values() for step in values}):
            if step <= from_step:
                row = {name: values[step] for name, values in logged.items() if step in values}
                self.compare_logged(step, row)

    def compare(self, step: int, values: tuple[float, ...]) -> None:
        """Compare what update `step` recorded; values as in `COMPARED`."""
        recorded = self._rows.get(step)
        if recorded is None or self.first is not None:
            return
        if ROW.pack(*values) != recorded:
            for name, was, found in zip(COMPARED, ROW.unpack(recorded), values, strict=True):
                if struct.pack("<d", was) != struct.pack("<d", found):
                    self.first = Difference(step, name, was, found)
                    return

    def compare_logged(self, step: int, values: dict[str, float]) -> None:
        """Compare what a script has logged at a step, by series."""
        if self.first is not None:
            return
        for name, found in values.items():
            recorded = self._logged.get(name, {}).get(step)
            if recorded is not None and not are_equal(recorded, found):
                self.first = Difference(step, name, recorded, found)
                return

    def compare_state(self, training: SteeredTraining, when: When) -> None:
        """Compare the hashes of the state between two steps, where the recipe has them."""
        while self._states and self._states[0].step <= training.step:
            known = self._states[0]
            if known.step == training.step:
                if known.when != when and when == "before":
                    return
                if known.when == when and self.first is None:
                    snapshot = training.snapshot()
                    pairs = [("weights_sha256", known.weights_sha256, snapshot.weights_sha256())]
                    if not self._logged:  # a script may leave a generator unseeded, and not use it
                        state = ("state_sha256", known.state_sha256, snapshot.state_sha256())
                        pairs.append(state)
                    for name, was, found in pairs:
                        if was != found and self.first is None:
                            self.first = Difference(known.step, name, was, found)
            self._states.popleft()

    def said(self, step: int, *, by_hand: bool) -> Replayed:
        """The event that ends the comparison.

        by_hand: somebody changed the run, or ended it early: the rest is not compared.
        """
        first = self.first
        if first is None:
            return Replayed(step=step, equal=True, branched=by_hand)
        return Replayed(
            step=step,
            equal=False,
            first_step=first.step,
            quantity=first.quantity,
            recorded=to_jsonable(first.recorded),
            found=to_jsonable(first.found),
            branched=by_hand,
        )


def open_recipe(run_directory: Path, spec: RunSpec) -> Recipe | None:
    """The recipe that a run repeats, if it does; this process then computes as its original did.

    Raises:
        BadRecipe: it cannot be read.
    """
    if not spec.recipe:
        return None
    recipe = read_recipe((run_directory / FILE).read_bytes())
    torch.set_num_threads(int(recipe.made_with["threads"]))
    return recipe


def wanted_device(recipe: Recipe | None) -> str:
    """The original's device, where this machine has it."""
    if recipe is None:
        return os.environ.get("BABYSIT_DEVICE") or "auto"
    device = str(recipe.made_with["device"])
    return device if device == "cpu" or torch.cuda.is_available() else "cpu"


def replay_check(recipe: Recipe, training: Training, history: RunHistory) -> ReplayCheck | None:
    """What to compare from here on. None: nothing, for a run on another seed, or the comparison
    is over.
    """
    if recipe.mixed:
        training.warnings.append(
            f"The original was not made with one and the same {', '.join(recipe.mixed)}."
        )
    if training.seed != recipe.seed:
        return None
    training.warn_of_differences(recipe.made_with, "the recipe")
    return None if history.replayed else ReplayCheck(recipe, history, training.step)

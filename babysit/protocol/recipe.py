"""A recipe: all that made a run what it is, and what a repetition of it is compared with.

A run follows from code, data, seed, values and the changes with their steps. A recipe holds the
seed, the values and the changes, names code and data by their hashes, and keeps what was recorded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from babysit.protocol.commands import Cancel, Command, Extend, Fork, Set, Stop, command_from_json
from babysit.protocol.events import CommandSent
from babysit.protocol.serialization import to_json
from babysit.protocol.values import Values

FORMAT = 1
ACTOR = "recipe"  # who makes the changes of a repetition
FILE = "recipe.yaml"  # in the directory of a run that repeats another one
RECIPE_BYTES_MAX = 16_000_000
COMPARED_STEPS_MAX = 200_000  # of a longer run, every second, third, ... step is compared
COMPARED = ("train/cost", "learning_rate", "momentum")  # recorded at every step

DecisionKind: TypeAlias = Literal["set", "scheduled", "extend", "cancel", "fork"]
When: TypeAlias = Literal["before", "after"]


class BadRecipe(ValueError):
    """A file that is no recipe, or one that contradicts itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What was done after update `step` and before the next one.

    number: counts from 1 within a recipe; the order at one step is the order of the numbers.
    do: `scheduled` is the moment at which an earlier `set` with `at_step` was made.
    command: None for `scheduled`. A `Cancel` names the number of what it withdraws.
    of: the number of the `set` that a `scheduled` or a `cancel` is about.
    told: for whoever reads it: before, after, who, why, when.
    """

    number: int
    step: int
    kind: DecisionKind
    command: Set | Extend | Cancel | Fork | None
    of: int | None
    told: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedState:
    """The hashes of a checkpoint, taken before or after the changes of its step."""

    step: int
    when: When
    cause: str
    weights_sha256: str
    state_sha256: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """What every step recorded. steps: (N,) int64, ascending; values: (3, N), as `COMPARED`."""

    steps: NDArray[np.int64]
    values: NDArray[np.float64]

    def downsample(self, steps_max: int) -> Recorded:
        """Evenly fewer steps, if there are more than `steps_max`; always with the last one."""
        every = -(-len(self.steps) // steps_max)
        if every <= 1:
            return self
        kept = self.steps % every == 0
        kept[-1] = True
        return Recorded(self.steps[kept], np.ascontiguousarray(self.values[:, kept]))

    @property
    def every(self) -> int:
        """How far apart the steps are: 1 when none was left out."""
        gaps = np.diff(self.steps)
        return int(np.median(gaps)) if len(gaps) else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All of it.

    steps: what was asked for at the beginning. until: the last step that is repeated.
    made_with: code_sha256, data_sha256, versions, threads, device of the original.
    mixed: names in `made_with` that differed on the way, so that nothing can be exact.
    """

    run_id: int
    name: str
    ended: str
    task: str
    seed: int
    steps: int
    until: int
    values: Values
    made_with: dict[str, Any]
    changes: tuple[Change, ...]
    states: tuple[RecordedState, ...]
    recorded: Recorded
    mixed: tuple[str, ...] = ()

    @property
    def last_step(self) -> int:
        """Where the original would have ended by itself."""
        steps = self.steps
        for change in self.changes:
            if isinstance(change.command, Fork):
                steps = change.command.steps
            elif isinstance(change.command, Extend):
                steps += change.command.steps
        return steps


def commands(recipe: Recipe, first_id: int) -> list[CommandSent]:
    """What the server asks of a run that repeats a recipe: every change, at its step and place.

    first_id: of the first command; the others follow.
    """
    ids: dict[int, int] = {}  # number in the recipe: id of the command
    spec: list[CommandSent] = []
    made_at = -1  # the step of the last scheduled change that was made

    def ask(step: int, command: Command, actor: str = ACTOR) -> None:
        spec.append(
            CommandSent(
                step=0,
                command_id=first_id + len(spec),
                command=to_json(command),
                actor=actor,
                redo_at=step,
                after_scheduled=made_at == step,
            )
        )

    for change in recipe.changes:
        if change.command is None:
            made_at = change.step
            continue
        ids[change.number] = first_id + len(spec)
        command: Command = change.command
        if isinstance(command, Cancel):
            command = replace(command, command_id=ids[command.command_id])
        ask(change.step, command)
    if recipe.until < recipe.last_step:
        ask(recipe.until, Stop(note="The recipe ends here."))
    return spec


def command_of(kind: str, fields: dict[str, Any]) -> Set | Extend | Cancel | Fork:
    """The command of a change.

    Raises:
        ValueError: it is none, or a field of it is wrong.
    """
    command = command_from_json({"kind": kind, **fields})
    if not isinstance(command, (Set, Extend, Cancel, Fork)):
        raise ValueError(f"{kind} decides nothing")
    return command


def check_order(changes: Iterable[Change], until: int) -> None:
    """Numbers count from 1, steps never go back, and what is referred to came before.

    Raises:
        BadRecipe: it is not so; the message says where.
    """
    step, scheduled = 0, set[int]()
    for place, change in enumerate(changes, 1):
        where = f"changes, number {change.number}"
        if change.number != place:
            raise BadRecipe(f"{where}: the numbers must be 1, 2, 3, … in this order")
        if not step <= change.step <= until:
            raise BadRecipe(f"{where}: its step must be from {step:,} to {until:,}")
        step = change.step
        if change.of is not None and change.of not in scheduled:
            raise BadRecipe(f"{where}: change {change.of} is no scheduled one before it")
        if isinstance(change.command, Set) and change.command.at_step is not None:
            scheduled.add(change.number)

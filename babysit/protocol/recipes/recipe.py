"""A recipe: everything that determines a run, and the recorded values for comparison.

A run is a function of code, data, seed, values, and the changes with their steps. A recipe holds
the seed, the values and the changes, the hashes of code and data, and what the run recorded.
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
ACTOR = "recipe"  # the actor of the changes in a replay
FILE = "recipe.yaml"  # in the directory of a replay
RECIPE_BYTES_MAX = 16_000_000
COMPARED_STEPS_MAX = 200_000  # of a longer run, every second, third, ... step is compared
COMPARED = ("train/cost", "learning_rate", "momentum")  # of a task: recorded at every step
SERIES_MAX = 1_000  # of a script
VALUES_MAX = COMPARED_STEPS_MAX * len(COMPARED)  # of a script, over all its series
# Series that tell of the clock, not of the training.
UNREPEATABLE = frozenset({"active_s", "clock_s", "steps_per_s"})

DecisionKind: TypeAlias = Literal["set", "scheduled", "extend", "cancel", "fork"]
When: TypeAlias = Literal["before", "after"]


class BadRecipe(ValueError):
    """A file is not a recipe, or it contradicts itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A decision that was carried out after update `step` and before the next one.

    number: counts from 1 within a recipe; the order at one step is the order of the numbers.
    kind: `scheduled` is the moment at which an earlier `set` with `at_step` was made.
    command: None for `scheduled`. A `Cancel` has the number of the change that it cancels.
    of: the number of the `set` that a `scheduled` or a `cancel` is about.
    told: for readers: before, after, who, why, when.
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
    """The values of series that were recorded at the same steps.

    steps: (N,) int64, ascending; values: (S, N), a row for each of the names.
    """

    steps: NDArray[np.int64]
    values: NDArray[np.float64]
    names: tuple[str, ...] = COMPARED

    def downsample(self, steps_max: int) -> Recorded:
        """At most about `steps_max` steps, evenly spaced; the last one is always kept."""
        every = -(-len(self.steps) // steps_max)
        if every <= 1:
            return self
        kept = self.steps % every == 0
        kept[-1] = True
        return Recorded(self.steps[kept], np.ascontiguousarray(self.values[:, kept]), self.names)

    @property
    def every(self) -> int:
        """The distance between two steps; 1 if none was left out."""
        gaps = np.diff(self.steps)
        return int(np.median(gaps)) if len(gaps) else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedScript:
    """The script of a person's own that made the run.

    id: of its registration, by which alone a server starts it. path, argv, cwd: for readers.
    commit: of the tree that it lies in; None outside of one.
    seed: given to it from outside; None: it seeds itself.
    limited: the run ends after `steps` of the recipe, whatever the script's loops say.
    """

    id: str
    path: str
    argv: list[str]
    cwd: str
    commit: str | None
    seed: int | None
    limited: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The content of a recipe file.

    steps: the last step as requested at the start; of a script that is not limited, as it was.
    until: the last step that is repeated.
    made_with: code_sha256, data_sha256 (not of a script), versions, threads, device.
    mixed: names in `made_with` that changed during the run, so that no replay can be exact.
    script: None: the run is of a task.
    others: of a script, the series that were recorded at other steps than `recorded`.
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
    script: RecordedScript | None = None
    others: tuple[Recorded, ...] = ()

    @property
    def last_step(self) -> int:
        """The step at which the original would have ended by itself."""
        steps = self.steps
        for change in self.changes:
            if isinstance(change.command, Fork):
                steps = change.command.steps
            elif isinstance(change.command, Extend):
                steps += change.command.steps
        return steps


def commands(recipe: Recipe, first_id: int) -> list[CommandSent]:
    """The commands of a replay: every change, at its step and in its order.

    first_id: the id of the first command; the others follow.
    """
    ids: dict[int, int] = {}  # number in the recipe: id of the command
    spec: list[CommandSent] = []
    made_at = -1  # the step of the newest scheduled change that was made

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
        ValueError: it is not one, or a field has a wrong value.
    """
    command = command_from_json({"kind": kind, **fields})
    if not isinstance(command, (Set, Extend, Cancel, Fork)):
        raise ValueError(f"{kind} decides nothing")
    return command


def check_order(changes: Iterable[Change], until: int) -> None:
    """Check that numbers count from 1, steps never decrease, and references point back.

    Raises:
        BadRecipe: they do not; the message says where.
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

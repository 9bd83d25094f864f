"""Samples the values of trial n of a search, from the plan and the completed trials alone.

Trials and rounds are counted from 1. Nothing is drawn from a stream that moves along: trial n of a
plan has its own random numbers, so a server that was killed draws it again as it was. A strategy
that learns from results names the trials that it waits for, whatever order the others end in.
"""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from babysit.protocol.objective import DEFAULT
from babysit.protocol.values import Value, Values

from . import tpe
from .coarse_to_fine import shrink_around
from .space import Space
from .spec import SearchSpec

DISTINCT_TRIALS_MAX = 1_000  # all samples of such a plan are kept in memory
TRIES_MAX = 64  # draws that are equal to an earlier one; then the rest is listed
LISTED_MAX = 10_000  # values of a space that is small enough for this
DRAWN_MAX = 16  # searches whose samples are kept, some hundred kilobytes each


@dataclass(frozen=True, slots=True)
class Plan:
    """What to sample: a search and its parsed space."""

    spec: SearchSpec
    space: Space


@dataclass(frozen=True, slots=True)
class CompletedTrial:
    """A trial that has ended.

    loss: to be minimized, of the final value of the objective; None when it does not count.
    """

    number: int
    round: int
    values: Values
    loss: float | None

    @property
    def cost(self) -> float | None:
        """The loss, if it is a number to compare with others."""
        return self.loss if self.loss is not None and isfinite(self.loss) else None


@dataclass(frozen=True, slots=True)
class Sample:
    """The values of trial `number`. bounds: the space of its round."""

    number: int
    round: int
    values: Values
    bounds: Space


def total(plan: Plan) -> int:
    """How many trials the plan makes."""
    if plan.spec.strategy == "grid":
        return min(plan.spec.trials, plan.space.grid_cells(plan.spec.points))
    return plan.spec.trials


def sample(plan: Plan, number: int, completed: Sequence[CompletedTrial]) -> Sample | None:
    """Trial `number`, from 1 to `total(plan)`, or None while a result that it needs is missing.

    completed: in any order; trials that trial `number` may not know are ignored.

    Raises:
        ValueError: the plan has no such trial.
    """
    if not 1 <= number <= total(plan):
        raise ValueError(f"There is no trial {number}: the plan has {total(plan)}.")
    space = plan.space
    match plan.spec.strategy:
        case "grid":
            cells = space.grid(plan.spec.points)
            return Sample(number, 1, next(itertools.islice(cells, number - 1, None)), space)
        case "random" | "quasi_random":
            return Sample(number, 1, distinct_values(plan, number), space)
        case "tpe":
            return _by_tpe(plan, number, completed)
        case "coarse_to_fine":
            return _in_its_round(plan, number, completed)


def random_points(plan: Plan, number: int) -> list[float]:
    """A place in the unit cube, from random numbers of this trial's own."""
    own = np.random.default_rng([plan.spec.seed, number])
    places: list[float] = own.random(len(plan.space.axes)).tolist()
    return places


def distinct_values(plan: Plan, number: int) -> Values:
    """The values of trial `number`. Equal ones come again only after all others of the space have.

    All trials have one seed, so equal values give a training that is equal to the last bit.
    Plans of more than `DISTINCT_TRIALS_MAX` trials draw each trial independently of the others.
    """
    if plan.spec.trials > DISTINCT_TRIALS_MAX:
        is_sobol = plan.spec.strategy == "quasi_random"
        [place] = sobol_points(plan, number) if is_sobol else [random_points(plan, number)]
        return plan.space.at(place)
    key = (plan.space, plan.spec.strategy, plan.spec.seed)
    with _one_at_a_time:
        drawn = _drawn.pop(key, None) or Drawn(plan)
        _drawn[key] = drawn
        while len(_drawn) > DRAWN_MAX:
            _drawn.popitem(last=False)
        while len(drawn.values) < number:
            drawn.add()
        return dict(drawn.values[number - 1])


class Drawn:
    """The values of all trials so far of a search at random or by a Sobol sequence."""

    def __init__(self, plan: Plan) -> None:
        self.values: list[Values] = []
        self._plan = plan
        self._size = plan.space.size()
        self._round: set[tuple[tuple[str, Value], ...]] = set()  # drawn since all had been

    def add(self) -> None:
        """Draw the values of the next trial."""
        number = len(self.values) + 1
        for place in itertools.islice(self._places(number), TRIES_MAX):
            values = self._plan.space.at(place)
            if tuple(values.items()) not in self._round:
                break
        else:
            values = self._one_of_the_rest(number) or values
        self.values.append(values)
        self._round.add(tuple(values.items()))
        if len(self._round) == self._size:
            self._round.clear()

    def _places(self, number: int) -> Iterator[list[float]]:
        if self._plan.spec.strategy == "quasi_random":
            yield sobol_points(self._plan, number)[0]
        own = np.random.default_rng([self._plan.spec.seed, number])
        while True:
            yield own.random(len(self._plan.space.axes)).tolist()

    def _one_of_the_rest(self, number: int) -> Values | None:
        """Of a small space, a value that was not drawn in this round."""
        if self._size is None or self._size > LISTED_MAX:
            return None
        rest = [
            values
            for values in self._plan.space.all_values()
            if tuple(values.items()) not in self._round
        ]
        own = np.random.default_rng([self._plan.spec.seed, number, TRIES_MAX])
        return rest[int(own.integers(len(rest)))]


_drawn: OrderedDict[tuple[Space, str, int], Drawn] = OrderedDict()  # what was drawn last
_one_at_a_time = threading.Lock()


def sobol_points(plan: Plan, number: int, count: int = 1, *, stream: int = 0) -> list[list[float]]:
    """Places from `number` on of a scrambled Sobol sequence, whose first few fill the cube evenly.

    stream: another one is another sequence.
    """
    from scipy.stats import qmc  # takes half a second

    rng = np.random.default_rng([plan.spec.seed, stream])
    sequence = qmc.Sobol(len(plan.space.axes), scramble=True, rng=rng)
    if number > 1:
        sequence.fast_forward(number - 1)
    power_of_2 = 1 << (count - 1).bit_length()  # SciPy warns of any other number
    places: list[list[float]] = sequence.random(power_of_2)[:count].tolist()
    return places


def _by_tpe(plan: Plan, number: int, completed: Sequence[CompletedTrial]) -> Sample | None:
    """The first ones at random, the others from all up to `number - parallel`."""
    if number <= tpe.STARTUP:
        return Sample(number, 1, distinct_values(plan, number), plan.space)
    known = [one for one in completed if one.number <= number - plan.spec.parallel]
    if len({one.number for one in known}) < number - plan.spec.parallel:
        return None
    results = [
        (one.values, one.cost)
        for one in sorted(known, key=lambda one: one.number)
        if one.cost is not None
    ]
    if len(results) < tpe.STARTUP:
        return Sample(number, 1, distinct_values(plan, number), plan.space)
    return Sample(number, 1, tpe.suggest(plan.space, plan.spec.seed, number, results), plan.space)


def round_sizes(plan: Plan) -> list[int]:
    """How many trials each round has: as equal as can be, the earlier ones rather more."""
    rounds = min(plan.spec.rounds, plan.spec.trials)
    return [plan.spec.trials // rounds + (i < plan.spec.trials % rounds) for i in range(rounds)]


def _in_its_round(plan: Plan, number: int, completed: Sequence[CompletedTrial]) -> Sample | None:
    """Evenly spread over the box of its round, which is drawn when all rounds before have ended."""
    bounds, first = plan.space, 1
    ended = {one.number: one for one in completed}
    for at, size in enumerate(round_sizes(plan), start=1):
        if number < first + size:
            [unit_point] = sobol_points(plan, number - first + 1, stream=at)
            return Sample(number, at, bounds.at(unit_point), bounds)
        first += size
        if not all(n in ended for n in range(1, first)):
            return None
        bounds = next_bounds(plan, bounds, [ended[n] for n in range(1, first)])
    raise AssertionError("round_sizes adds up to the trials")


def next_bounds(plan: Plan, bounds: Space, completed: Sequence[CompletedTrial]) -> Space:
    """The box of the next round; the same again when no trial counts."""
    best = [one.values for one in top_k(plan.spec.keep, completed)]
    return shrink_around(plan.space, best, plan.spec.widen, last=bounds)[0]


def top_k(keep: int, completed: Sequence[CompletedTrial]) -> list[CompletedTrial]:
    """The best trials among those that count, best first; the earlier one of two equals."""
    return DEFAULT.ranked((one.loss, one.number, one) for one in completed)[:keep]

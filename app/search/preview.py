"""Previews a search before anything is trained: samples, and warnings about its settings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from babysit.protocol.hyperparameters import Declared
from babysit.protocol.values import Value

from . import tpe
from .distributions import CategoricalDistribution, Distribution, NumericDistribution
from .samplers import Plan, random_points, round_sizes, sobol_points
from .space import POINTS, Space

SAMPLES = 50
GRID_VS_RANDOM_POINTS = 5  # along each side of the grid: 25 cells, and as many random draws
WASTED_PART = 0.5  # of the draws in one decade at the end of a range: worth a warning
DECADE = 10.0
INSTEAD = {
    "log10": "On the scale log10 each decade gets as many.",
    "log2": "On the scale log2 each doubling gets as many.",
    "minus_log10_one_minus": "On the scale −log10(1−β) each decade of 1−β gets as many.",
}


@dataclass(frozen=True, slots=True)
class SpaceWarning:
    """name: the hyperparameter, or "" for the search as a whole."""

    name: str
    message: str


@dataclass(frozen=True, slots=True)
class GridVsRandom:
    """The same number of trials as a grid and at random, in two axes of the space.

    x, y: names; y is None when only one range is searched, its places are then 0.
    distinct: how many values of x each of the two tries.
    """

    x: str
    y: str | None
    grid: list[tuple[float, float]]
    random: list[tuple[float, float]]
    distinct: dict[str, int]


def samples(plan: Plan) -> dict[str, list[Value]]:
    """`SAMPLES` values of each axis, conditional ones as if they were always drawn.

    A grid shows its points instead; what a strategy learns later cannot be shown.
    """
    axes = plan.space.axes
    if plan.spec.strategy == "grid":
        return {axis.name: axis.points(plan.spec.points.get(axis.name, POINTS)) for axis in axes}
    if plan.spec.strategy in ("quasi_random", "coarse_to_fine"):
        places = sobol_points(plan, 1, SAMPLES)
    else:
        places = [random_points(plan, number) for number in range(1, SAMPLES + 1)]
    return {
        axis.name: [axis.from_unit(place[i]) for place in places] for i, axis in enumerate(axes)
    }


def warnings(declared: Declared, plan: Plan) -> list[SpaceWarning]:
    """Settings of a search that waste trials."""
    found = [
        SpaceWarning(axis.name, message)
        for axis in plan.space.searched()
        for message in (_wasted(axis), _without_effect(declared, plan.space, axis))
        if message
    ]
    return found + [SpaceWarning("", message) for message in (*_too_few(plan), *_repeated(plan))]


def _wasted(axis: Distribution) -> str | None:
    """A linear range over more than a decade gives nearly all draws to one end of it."""
    if (
        not isinstance(axis, NumericDistribution)
        or axis.scale != "linear"
        or axis.item.scale == "linear"
    ):
        return None
    label, width = axis.item.label, axis.high - axis.low
    if axis.item.scale == "minus_log10_one_minus":
        border = 1 - (1 - axis.low) / DECADE
        part, side = (border - axis.low) / width, "below"
    else:
        border = axis.high / DECADE
        part, side = (axis.high - border) / width, "above"
    if not axis.low < border < axis.high or part < WASTED_PART:
        return None
    sampled = f"{label} drawn linearly between {axis.low:g} and {axis.high:g}"
    percent = f"{100 * part:.0f} %"
    return f"{sampled} puts {percent} of the draws {side} {border:g}. {INSTEAD[axis.item.scale]}"


def _without_effect(declared: Declared, space: Space, axis: Distribution) -> str | None:
    """Draws that change nothing, because another row never has a value with which they do."""
    for name, needed in (("optimizer", axis.item.optimizers), ("schedule", axis.item.schedules)):
        if needed is None:  # as of all of a script's: it declares no optimizer or schedule
            continue
        other = space.named(name)
        possible = other.points(0) if other is not None else [declared[name].default]
        if not set(needed) & set(possible):
            return f"{axis.item.label} only matters with {name} {' or '.join(needed)}."
    for name, wanted in axis.when:
        other = space.named(name)
        if isinstance(other, CategoricalDistribution) and not set(wanted) & set(other.values):
            return f"{axis.item.label} is never drawn: {name} has none of the values in its when."
    return None


def _too_few(plan: Plan) -> list[str]:
    """Trials that are too few, or a grid too large, for what was chosen."""
    spec = plan.spec
    if spec.strategy == "grid":
        cells = plan.space.grid_cells(spec.points)
        if cells > spec.trials:
            return [f"The grid has {cells:,} cells, more than the {spec.trials} trials asked for."]
    if spec.strategy == "tpe" and spec.trials <= tpe.STARTUP:
        return [f"TPE draws its first {tpe.STARTUP} trials at random: {spec.trials} are no more."]
    if spec.strategy == "coarse_to_fine":
        smallest = min(round_sizes(plan))
        if len(round_sizes(plan)) < spec.rounds or smallest <= spec.keep:
            rounds = f"{spec.trials} trials in {spec.rounds} rounds"
            return [f"{rounds} are too few to choose the best {spec.keep} of each."]
    return []


def _repeated(plan: Plan) -> list[str]:
    """Trials that cannot all differ."""
    size, trials = plan.space.size(), plan.spec.trials
    if plan.spec.strategy == "grid" or size is None or trials <= size:
        return []
    points = "1 combination" if size == 1 else f"{size:,} combinations"
    message = (
        f"The space has only {points} of values: {trials - size:,} of {trials:,} trials repeat "
        "others with the same seed and give the same result."
    )
    return [message]


def grid_vs_random(plan: Plan) -> GridVsRandom | None:
    """Grid against random in the two ranges that matter most; None without any range."""
    ranges = [axis for axis in plan.space.searched() if isinstance(axis, NumericDistribution)]
    if not ranges:
        return None
    x, *others = sorted(ranges, key=lambda axis: axis.item.tier)
    y = others[0] if others else None
    grid = [
        (float(a), float(b))
        for a in x.points(GRID_VS_RANDOM_POINTS)
        for b in (y.points(GRID_VS_RANDOM_POINTS) if y is not None else [0.0])
    ]
    places = np.random.default_rng([plan.spec.seed]).random((GRID_VS_RANDOM_POINTS**2, 2)).tolist()
    sampled = [
        (float(x.from_unit(a)), float(y.from_unit(b)) if y is not None else 0.0)
        for a, b in places[: len(grid)]
    ]
    distinct = {"grid": len({a for a, _ in grid}), "random": len({a for a, _ in sampled})}
    return GridVsRandom(x.name, y.name if y is not None else None, grid, sampled, distinct)

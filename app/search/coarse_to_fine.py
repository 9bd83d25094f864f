"""From coarse to fine: the next box around the best trials, and values at the edge of their range.

The rule: along each range the box spans the best trials on the range's own scale, is widened by a
factor around its middle, keeps at least `SHARE_MIN` of the last box, and is clipped to what was
declared. Of a list the values that the best trials have are kept.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from babysit.protocol.values import Value, Values

from .distributions import CategoricalDistribution, Distribution, NumericDistribution
from .space import Space

KEEP = 2  # of 8; 3 narrow too slowly in three rounds, see docs/search.md
WIDEN = 1.5
ROUNDS = 3
SHARE_MIN = 0.25  # of the last box's width: trials that agree by chance must not end the search
EDGE_PART = 0.05  # of a range's width on its scale: nearer to an end counts as at the edge


@dataclass(frozen=True, slots=True)
class Edge:
    """A value at the end of its range: beyond it may be better ones.

    can_widen: the hyperparameter itself allows values beyond this end.
    """

    name: str
    side: str  # low, high
    value: Value
    can_widen: bool


def shrink_around(
    space: Space,
    best: Sequence[Values],
    widen: float = WIDEN,
    *,
    last: Space | None = None,
    beyond: Sequence[Edge] = (),
) -> tuple[Space, list[str]]:
    """The box around the best trials, and the names of the axes on which it was clipped.

    space: what was declared; the box stays inside, but at the edges in `beyond`.
    best: the values of the trials that were kept. Axes that none of them has stay as they are.
    last: the box that these trials were drawn from, the whole space unless given.
    """
    last = last or space
    over = {(edge.name, edge.side) for edge in beyond if edge.can_widen}
    axes: dict[str, Distribution] = {}
    clipped = []
    for axis in space.axes:
        values = [one[axis.name] for one in best if axis.name in one]
        before = last.named(axis.name)
        if not values:
            axes[axis.name] = before or axis
        elif isinstance(axis, CategoricalDistribution):
            kept = tuple(value for value in axis.values if value in values)
            axes[axis.name] = replace(axis, values=kept) if kept else axis
        else:
            width = _width(before) if isinstance(before, NumericDistribution) else _width(axis)
            sides = {side for name, side in over if name == axis.name}
            axes[axis.name], was_clipped = _around(
                axis, [float(value) for value in values], widen, SHARE_MIN * width, sides
            )
            clipped += [axis.name] if was_clipped else []
    return space.but(axes), clipped


def edges(space: Space, values: Values) -> list[Edge]:
    """The ranges at whose low or high end these values sit, within `EDGE_PART` of the width."""
    found = []
    for axis in space.axes:
        if not isinstance(axis, NumericDistribution) or axis.name not in values:
            continue
        start, end = axis.to_scaled(axis.low), axis.to_scaled(axis.high)
        part = (axis.to_scaled(float(values[axis.name])) - start) / (end - start)
        bottom, top = _limits(axis)
        if part <= EDGE_PART:
            found.append(Edge(axis.name, "low", values[axis.name], axis.low > bottom))
        elif part >= 1 - EDGE_PART:
            found.append(Edge(axis.name, "high", values[axis.name], axis.high < top))
    return found


def _width(axis: NumericDistribution) -> float:
    return axis.to_scaled(axis.high) - axis.to_scaled(axis.low)


def _around(
    axis: NumericDistribution,
    values: Sequence[float],
    widen: float,
    width_min: float,
    beyond: set[str],
) -> tuple[NumericDistribution, bool]:
    """The part of one range around some of its values, and whether it was clipped."""
    places = [axis.to_scaled(axis.clip(value)) for value in values]
    middle = min(places) / 2 + max(places) / 2  # their sum may be beyond all floats
    half = max(widen * (max(places) - min(places)), width_min) / 2
    bottom, top = _limits(axis)
    bottom = bottom if "low" in beyond else axis.low
    top = top if "high" in beyond else axis.high
    below, above = axis.to_scaled(bottom) > middle - half, axis.to_scaled(top) < middle + half
    low = bottom if below else axis.at(middle - half)
    high = top if above else axis.at(middle + half)
    if axis.whole:  # a step to each side at least
        low, high = min(low, min(values) - 1), max(high, max(values) + 1)
    low, high = max(low, bottom), min(high, top)
    return replace(axis, low=float(low), high=float(high)), below or above


def _limits(axis: NumericDistribution) -> tuple[float, float]:
    """The lowest and the highest value that the hyperparameter allows and its scale can show."""
    item = axis.item
    low, high = max(item.low, -sys.float_info.max), min(item.high, sys.float_info.max)
    if axis.whole:
        return max(low, 1) if axis.scale != "linear" else low, high
    if not item.low_included:
        low = math.nextafter(low, math.inf)
    if not item.high_included:
        high = math.nextafter(high, -math.inf)
    if axis.scale in ("log10", "log2"):
        low = max(low, sys.float_info.min)
    if axis.scale == "minus_log10_one_minus":
        high = min(high, math.nextafter(1.0, 0.0))
    return low, high

"""The space of a search: an axis for each hyperparameter, read from what was asked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from babysit.protocol.hyperparameters import Declared, Hyperparameter, InvalidValue, Scale
from babysit.protocol.validation import check_together
from babysit.protocol.values import Value, Values

from .distributions import (
    CategoricalDistribution,
    Distribution,
    NumericDistribution,
    When,
)

VALUES_MAX = 64  # of one list
POINTS = 5  # of a grid along one range, unless asked otherwise
POINTS_MAX = 1000


@dataclass(frozen=True, slots=True)
class Space:
    """All axes, those that a condition looks at before those that have it."""

    axes: tuple[Distribution, ...]

    def to_json(self) -> dict[str, Any]:
        return {axis.name: axis.to_json() for axis in self.axes}

    def named(self, name: str) -> Distribution | None:
        return next((axis for axis in self.axes if axis.name == name), None)

    def searched(self) -> list[Distribution]:
        """The axes with more than one value."""
        return [
            axis
            for axis in self.axes
            if isinstance(axis, NumericDistribution) or len(axis.values) > 1
        ]

    def but(self, axes: Mapping[str, Distribution]) -> Space:
        return replace(self, axes=tuple(axes.get(axis.name, axis) for axis in self.axes))

    def at(self, unit_point: Sequence[float]) -> Values:
        """The values at a place in the unit cube; axes whose condition fails are left out.

        units: one for each axis, in their order.
        """
        values: Values = {}
        for axis, unit in zip(self.axes, unit_point, strict=True):
            if is_active(axis, values):
                values[axis.name] = axis.from_unit(unit)
        return values

    def size(self) -> int | None:
        """How many different values can be drawn; None without a limit."""
        return _size(self.axes, {})

    def all_values(self) -> Iterator[Values]:
        """All different values of a space whose size is limited."""
        return _all_values(self.axes, {})

    def grid(self, points: Mapping[str, int]) -> Iterator[Values]:
        """Every cell once, the last axis running fastest. An axis left out makes no doubles."""
        return _cells(self.axes, points, {})

    def grid_cells(self, points: Mapping[str, int]) -> int:
        """How many cells the grid has, counted without making them."""
        return _count(self.axes, points, {})


def is_active(axis: Distribution, values: Values) -> bool:
    """Whether an axis is drawn, given the values of the axes before it."""
    return all(name in values and values[name] in wanted for name, wanted in axis.when)


def _cells(
    axes: Sequence[Distribution], points: Mapping[str, int], above: Values
) -> Iterator[Values]:
    if not axes:
        yield dict(above)
        return
    axis, rest = axes[0], axes[1:]
    if not is_active(axis, above):
        yield from _cells(rest, points, above)
        return
    for value in axis.points(points.get(axis.name, POINTS)):
        yield from _cells(rest, points, {**above, axis.name: value})


def _count(axes: Sequence[Distribution], points: Mapping[str, int], above: Values) -> int:
    """Values that meet the same conditions have as many cells below them: counted once."""
    if not axes:
        return 1
    axis, rest = axes[0], axes[1:]
    if not is_active(axis, above):
        return _count(rest, points, above)
    conditions = [wanted for other in rest for name, wanted in other.when if name == axis.name]
    alike: dict[tuple[bool, ...], list[Value]] = {}
    for value in axis.points(points.get(axis.name, POINTS)):
        alike.setdefault(tuple(value in wanted for wanted in conditions), []).append(value)
    return sum(
        len(values) * _count(rest, points, {**above, axis.name: values[0]})
        for values in alike.values()
    )


def _all_values(axes: Sequence[Distribution], above: Values) -> Iterator[Values]:
    if not axes:
        yield dict(above)
    elif not is_active(axes[0], above):
        yield from _all_values(axes[1:], above)
    else:
        for value in axes[0].some_values():
            yield from _all_values(axes[1:], {**above, axes[0].name: value})


def _size(axes: Sequence[Distribution], above: Values) -> int | None:
    """How many different values follow `above`. Like `_count`, with every whole number."""
    if not axes:
        return 1
    axis, rest = axes[0], axes[1:]
    if not is_active(axis, above):
        return _size(rest, above)
    if isinstance(axis, NumericDistribution) and not axis.whole:
        return None
    conditions = [wanted for other in rest for name, wanted in other.when if name == axis.name]
    named = {value for wanted in conditions for value in wanted if axis.can_draw(value)}
    alike: dict[tuple[bool, ...], list[Value]] = {}
    for value in named:
        alike.setdefault(tuple(value in wanted for wanted in conditions), []).append(value)
    groups = [(len(values), values[0]) for values in alike.values()]
    if (others := axis.count() - len(named)) > 0:  # they meet none of the conditions
        groups.append((others, next(value for value in axis.some_values() if value not in named)))
    total = 0
    for count, value in groups:
        below = _size(rest, {**above, axis.name: value})
        if below is None:
            return None
        total += count * below
    return total


# ---- reading what was asked ------------------------------------------------------------------


def parse_space(declared: Declared, body: Mapping[str, Any]) -> Space:
    """The space that a request describes.

    body: `{name: {scale?, low, high} | {values: [...]} | {fixed: x}}`, each with an optional
        `when: {other name: [values]}`. Without a scale the hyperparameter's own is used.

    Raises:
        InvalidValue: an unknown name, a wrong value, or rows that do not go together.
    """
    axes = {name: _axis(declared, name, row) for name, row in body.items()}
    for axis in axes.values():
        _check_conditions(axes, axis)
    space = Space(_parents_first(axes))
    if not space.searched():
        raise InvalidValue("", "Nothing is searched: give at least one row a range or two values.")
    _check_nesterov(declared, space)
    return space


def check_points(space: Space, points: Mapping[str, Any]) -> dict[str, int]:
    """The number of grid points along each range that was named.

    Raises:
        InvalidValue: no range of this space, or not a whole number from 1 to `POINTS_MAX`.
    """
    for name, count in points.items():
        axis = space.named(name)
        if not isinstance(axis, NumericDistribution):
            raise InvalidValue(name, "Grid points can be given for a range of this space only.")
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= POINTS_MAX:
            message = f"{axis.item.label}: grid points must be a whole number from 1 to 1000."
            raise InvalidValue(name, message, [1, POINTS_MAX])
    return dict(points)


def _axis(declared: Declared, name: str, row: Any) -> Distribution:
    if name not in declared:
        message = f"The task does not declare this hyperparameter. Declared: {', '.join(declared)}."
        raise InvalidValue(name, message, sorted(declared))
    item = declared[name]
    keys = set(row) if isinstance(row, Mapping) else set()
    when = _when(declared, item, row.get("when")) if "when" in keys else ()
    keys.discard("when")
    if keys == {"fixed"}:
        return CategoricalDistribution(item, (item.check(row["fixed"]),), True, when)
    if keys == {"values"}:
        return CategoricalDistribution(item, _values(item, row["values"]), False, when)
    if keys in ({"low", "high"}, {"scale", "low", "high"}):
        return _range(item, row.get("scale", item.scale), row["low"], row["high"], when)
    message = f"{item.label} needs low and high (and a scale), or values, or fixed."
    raise InvalidValue(name, message)


def _range(
    item: Hyperparameter, scale: Any, low: Any, high: Any, when: When
) -> NumericDistribution:
    if item.kind in ("choice", "bool"):
        raise InvalidValue(item.name, f"{item.label} has no range: give it values, or fixed.")
    scales: list[Value] = list(get_args(Scale))
    if item.kind == "int":
        scales.remove("minus_log10_one_minus")
    if scale not in scales:
        message = f"{item.label}: the scale must be one of {', '.join(map(str, scales))}."
        raise InvalidValue(item.name, message, scales)
    low, high = item.check(low), item.check(high)
    if not low < high:
        message = f"{item.label}: low must be below high. For one value, use fixed."
        raise InvalidValue(item.name, message)
    if scale in ("log10", "log2") and low <= 0:
        message = f"{item.label}: a logarithmic range starts above 0; 0 itself can be in values."
        raise InvalidValue(item.name, message)
    if scale == "minus_log10_one_minus" and high >= 1:
        message = f"{item.label}: a range on the scale minus_log10_one_minus ends below 1."
        raise InvalidValue(item.name, message)
    axis = NumericDistribution(item, scale, float(low), float(high), when)
    start, end = axis.ends()
    if not math.isfinite(end - start):
        raise InvalidValue(item.name, f"{item.label}: low and high are too far apart.")
    if not axis.to_scaled(axis.low) < axis.to_scaled(axis.high):
        raise InvalidValue(item.name, f"{item.label}: low and high are too close on this scale.")
    return axis


def _values(item: Hyperparameter, values: Any) -> tuple[Value, ...]:
    if not isinstance(values, list) or not 1 <= len(values) <= VALUES_MAX:
        raise InvalidValue(item.name, f"{item.label}: values is a list of 1 to {VALUES_MAX}.")
    checked = tuple(item.check(value) for value in values)
    if len(set(checked)) < len(checked):
        raise InvalidValue(item.name, f"{item.label}: a value is given twice.")
    return checked


def _when(declared: Declared, item: Hyperparameter, when: Any) -> When:
    if when is None:
        return ()
    if not isinstance(when, Mapping):
        raise InvalidValue(item.name, f"{item.label}: when is {{other name: [values]}}.")
    unknown = [name for name in when if name not in declared]
    if unknown:
        message = f"{item.label}: when names {unknown[0]}, which is not declared."
        raise InvalidValue(item.name, message, sorted(declared))
    return tuple((name, _values(declared[name], values)) for name, values in when.items())


def _check_conditions(axes: Mapping[str, Distribution], axis: Distribution) -> None:
    for name, _ in axis.when:
        other = axes.get(name)
        if other is None:
            message = f"{axis.item.label}: when names {name}, which is no row of this space."
            raise InvalidValue(axis.name, message, list(axes))
        if isinstance(other, NumericDistribution) and not other.whole:
            message = f"{axis.item.label}: when names {name}, whose range has no single values."
            raise InvalidValue(axis.name, message)


def _parents_first(axes: Mapping[str, Distribution]) -> tuple[Distribution, ...]:
    """The axes in the order given, but each behind those that its condition looks at."""
    placed: dict[str, Distribution] = {}
    while len(placed) < len(axes):
        ready = [
            axis
            for axis in axes.values()
            if axis.name not in placed and all(name in placed for name, _ in axis.when)
        ]
        if not ready:
            name = next(name for name in axes if name not in placed)
            message = f"{axes[name].item.label}: its condition leads back to itself."
            raise InvalidValue(name, message)
        placed |= {axis.name: axis for axis in ready}
    return tuple(placed.values())


def _check_nesterov(declared: Declared, space: Space) -> None:
    """Refuse a space in which Nesterov momentum could be drawn together with no momentum."""
    names = [name for name in ("optimizer", "nesterov", "momentum") if name in declared]
    related = [axis for axis in space.axes if axis.name in names]
    defaults = {name: declared[name].default for name in names}
    extremes = [
        axis
        if isinstance(axis, CategoricalDistribution)
        else CategoricalDistribution(axis.item, (axis.low,), when=axis.when)
        for axis in related
    ]
    free = [replace(a, when=tuple(w for w in a.when if w[0] in names)) for a in extremes]
    for values in Space(tuple(free)).grid({}):
        check_together({**defaults, **values})

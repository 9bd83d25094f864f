"""One hyperparameter in a search: a range on a scale, or a list of values.

A *position* is a value on its scale, e.g. -2 for 0.01 on log10. A *unit* is the place within an
axis, from 0 to 1, evenly spread on its scale: what a sampler draws. A whole number owns the part
of its axis from half below it to half above it, so those at the ends get their full share.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from babysit.protocol.hyperparameters import Hyperparameter, Scale
from babysit.protocol.values import Value

When: TypeAlias = tuple[tuple[str, tuple[Value, ...]], ...]


@dataclass(frozen=True, slots=True)
class NumericDistribution:
    """Numbers from `low` to `high`, both included, evenly spread on a scale."""

    item: Hyperparameter
    scale: Scale
    low: float
    high: float
    when: When = ()

    @property
    def name(self) -> str:
        return self.item.name

    @property
    def whole(self) -> bool:
        return self.item.kind == "int"

    def to_scaled(self, value: float) -> float:
        match self.scale:
            case "linear":
                return value
            case "log10":
                return math.log10(value)
            case "log2":
                return math.log2(value)
            case "minus_log10_one_minus":
                return -math.log10(1 - value)

    def at(self, to_scaled: float) -> float:
        """The value at a position, a whole one where it must be; it may lie outside the range."""
        match self.scale:
            case "linear":
                value = to_scaled
            case "log10":
                value = 10.0**to_scaled
            case "log2":
                value = 2.0**to_scaled
            case "minus_log10_one_minus":
                value = 1 - 10.0**-to_scaled
        return round(value) if self.whole else value

    def clip(self, value: float) -> float:
        return min(max(value, self.low), self.high)

    def ends(self) -> tuple[float, float]:
        """The positions of unit 0 and unit 1."""
        half = 0.5 if self.whole else 0.0
        return self.to_scaled(self.low - half), self.to_scaled(self.high + half)

    def from_unit(self, unit: float) -> Value:
        start, end = self.ends()
        value = self.clip(self.at(start + unit * (end - start)))
        return int(value) if self.whole else float(value)

    def to_unit(self, value: Value) -> float:
        """Where a value lies; below 0 or above 1 when it lies outside."""
        start, end = self.ends()
        return (self.to_scaled(float(value)) - start) / (end - start)

    def points(self, count: int) -> list[Value]:
        """Evenly spread values for a grid, both ends among them, without doubles."""
        start, end = self.to_scaled(self.low), self.to_scaled(self.high)
        parts = [i / (count - 1) for i in range(count)] if count > 1 else [0.5]
        values = [self.clip(self.at(start + part * (end - start))) for part in parts]
        if count > 1:
            values[0], values[-1] = self.low, self.high  # rounding on the scale must not move them
        return list(dict.fromkeys(int(v) if self.whole else float(v) for v in values))

    def count(self) -> int:
        """How many values a whole-number axis has."""
        return int(self.high) - int(self.low) + 1

    def can_draw(self, value: Value) -> bool:
        return isinstance(value, (int, float)) and self.low <= value <= self.high

    def some_values(self) -> Iterator[Value]:
        """The values of a whole-number axis, from the lowest on."""
        return iter(range(int(self.low), int(self.high) + 1))

    def to_json(self) -> dict[str, Any]:
        low, high = (int(self.low), int(self.high)) if self.whole else (self.low, self.high)
        return {"scale": self.scale, "low": low, "high": high, **_when_json(self.when)}


@dataclass(frozen=True, slots=True)
class CategoricalDistribution:
    """Some values, each as likely as the others; `fixed` when there is nothing to choose."""

    item: Hyperparameter
    values: tuple[Value, ...]
    fixed: bool = False
    when: When = ()

    @property
    def name(self) -> str:
        return self.item.name

    def from_unit(self, unit: float) -> Value:
        return self.values[min(int(unit * len(self.values)), len(self.values) - 1)]

    def to_unit(self, value: Value) -> float:
        """The middle of the value's share; 0.5 for a value that is not in the list."""
        place = self.values.index(value) + 0.5 if value in self.values else len(self.values) / 2
        return place / len(self.values)

    def points(self, count: int) -> list[Value]:
        return list(self.values)

    def count(self) -> int:
        return len(self.values)

    def can_draw(self, value: Value) -> bool:
        return value in self.values

    def some_values(self) -> Iterator[Value]:
        return iter(self.values)

    def to_json(self) -> dict[str, Any]:
        if self.fixed:
            return {"fixed": self.values[0], **_when_json(self.when)}
        return {"values": list(self.values), **_when_json(self.when)}


Distribution: TypeAlias = NumericDistribution | CategoricalDistribution


def _when_json(when: When) -> dict[str, Any]:
    return {"when": {name: list(values) for name, values in when}} if when else {}

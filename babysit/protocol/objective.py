"""What "best" means in a run: a series, and whether a low or a high value of it is better."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar, get_args

from babysit.protocol.hyperparameters import InvalidValue

Mode: TypeAlias = Literal["min", "max"]
MODES: tuple[Mode, ...] = get_args(Mode)
VAL_COST = "val/cost"
Recorded = TypeVar("Recorded")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Objective:
    """A series, and how its values compare. A value that is not finite is never best."""

    name: str = VAL_COST
    mode: Mode = "min"

    @classmethod
    def of(cls, name: str | None, mode: Mode | None) -> Objective:
        """What the fields `objective` and `mode` of a file or a row say; None is the default."""
        return cls(DEFAULT.name if name is None else name, DEFAULT.mode if mode is None else mode)

    @property
    def fields(self) -> dict[str, str | None]:
        """The fields `objective` and `mode`; of the default None, as in older files."""
        if self == DEFAULT:
            return {"objective": None, "mode": None}
        return {"objective": self.name, "mode": self.mode}

    def beside_cost(self, measured: Mapping[str, float]) -> float | None:
        """What is recorded beside the validation cost: the value, if it is of another series."""
        return None if self.name == VAL_COST else measured.get(self.name)

    def in_checkpoint(self, val_cost: Recorded, objective_value: Recorded) -> Recorded:
        """Which of the two numbers that are recorded with a checkpoint is the objective's."""
        return val_cost if self.name == VAL_COST else objective_value

    def loss(self, value: float) -> float:
        """A number that is lower the better the value is; infinite for a value never best."""
        if not math.isfinite(value):
            return math.inf
        return value if self.mode == "min" else -value

    def value(self, loss: float) -> float:
        """The value that has this loss."""
        return loss if self.mode == "min" else -loss

    def ranked(self, measured: Iterable[tuple[float | None, int, Item]]) -> list[Item]:
        """The items that can be best, best first; of two equals the one with the lower number.

        measured: value, number, item.
        """
        losses = (
            (math.inf if value is None else self.loss(value), number, item)
            for value, number, item in measured
        )
        finite = [one for one in losses if one[0] < math.inf]
        return [item for _, _, item in sorted(finite, key=lambda one: one[:2])]

    def is_better(self, value: float, than: float | None) -> bool:
        """Whether a value is better than another one, or the first one that can be best."""
        return self.loss(value) < (math.inf if than is None else self.loss(than))


DEFAULT = Objective()


def choose_objective(
    name: Any, mode: Any, series: Sequence[str], default: Objective = DEFAULT
) -> Objective:
    """The objective that somebody asks for; what is None is as in `default`.

    series: those that are measured at each evaluation.

    Raises:
        InvalidValue: there is no such series or mode, or the mode is missing. `name` says which.
    """
    if name is None:
        name = default.name
    if name not in series:
        raise InvalidValue(
            "objective",
            f"The objective must be one of the series {', '.join(series)}.",
            list(series),
        )
    if mode is None and name not in (default.name, VAL_COST):
        raise InvalidValue(
            "mode",
            f'Say which {name} is better, too: mode "min" for a low one, "max" for a high one.',
            list(MODES),
        )
    if mode is None:
        mode = default.mode if name == default.name else DEFAULT.mode
    if mode not in MODES:
        raise InvalidValue("mode", 'The mode must be "min" or "max".', list(MODES))
    return Objective(name, mode)

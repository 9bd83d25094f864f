"""Values of a script's own that are changed by functions of its own: `babysit.knob`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from babysit.protocol.hyperparameters import Hyperparameter, InvalidValue
from babysit.protocol.values import Value


@dataclass(slots=True)
class Knob:
    """One of them."""

    hyperparameter: Hyperparameter
    get: Callable[[], Any]
    set: Callable[[Any], Any]

    def read(self) -> Value:
        """
        Raises:
            InvalidValue: the script's function does.
        """
        try:
            return plain(self.get())
        except Exception as error:
            raise self._failure(error) from error

    def write(self, value: Any) -> None:
        """
        Raises:
            InvalidValue: the script's function does.
        """
        try:
            self.set(value)
        except Exception as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> InvalidValue:
        name = self.hyperparameter.name
        return InvalidValue(name, f"The script's function for {name} raised: {error!r}")


def plain(value: Any) -> Value:
    """The value as JSON takes it."""
    if isinstance(value, (bool, int, float, str)):
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)

"""What a script logs in the turn in progress, until the turn is recorded."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from torch import Tensor

from babysit.attached.series.numbers import SeriesNames, number


class LoggedValues:
    """Values by series name. Threads of the script may log, too."""

    def __init__(self, warn: Callable[[str, str], None]) -> None:
        """warn: says something once. Its arguments: the kind, the words."""
        self._warn = warn
        self._values: dict[str, Any] = {}
        self._names = SeriesNames()
        self._lock = threading.Lock()

    def add(self, values: dict[str, Any]) -> None:
        """Take numbers. Nothing waits for a device here."""
        for name, value in values.items():
            series = self._names.series(name, self._warn)
            if series is None:
                continue
            if isinstance(value, Tensor) and not value.is_cpu and value.numel() == 1:
                found: Any = value.detach().clone()  # read at the end of the turn
            else:
                found = number(value)
            if found is None:
                what = type(value).__name__
                self._warn(f"log {name}", f"{name} is a {what}: log takes single numbers.")
                continue
            with self._lock:
                self._values[series] = found

    def __bool__(self) -> bool:
        """Whether there is anything to take."""
        return bool(self._values)

    def take(self) -> dict[str, float]:
        """What was logged since the last time; it is waited for now."""
        if not self._values:
            return {}
        with self._lock:
            values, self._values = self._values, {}
        if all(type(value) is float for value in values.values()):
            return values
        read = {name: number(value) for name, value in values.items()}
        return {name: value for name, value in read.items() if value is not None}

    def put_back(self, values: dict[str, float]) -> None:
        """Values that were taken, and belong to the turn in progress all the same."""
        with self._lock:
            self._values = {**values, **self._values}

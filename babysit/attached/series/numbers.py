"""The numbers behind what a script logs or returns, and the names of their series."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

NAMES_MAX = 300  # series of one run
NAME_LENGTH_MAX = 100


def named_values(found: Any, prefix: str) -> dict[str, float]:
    """What a function to evaluate returns, by series names: a number, or numbers by name."""
    if isinstance(found, dict):
        named = {str(name): number(value) for name, value in found.items()}
        return {
            name if "/" in name else prefix + name: value
            for name, value in named.items()
            if value is not None
        }
    value = number(found)
    return {} if value is None else {f"{prefix}cost": value}


def number(value: Any) -> float | None:
    """The number behind a value that was logged; None if it is none."""
    try:
        if isinstance(value, Tensor):
            return float(value.item()) if value.numel() == 1 else None
        return None if isinstance(value, (str, bytes, bytearray)) else float(value)
    except Exception:  # a complex number, an object whose own code raises
        return None


class SeriesNames:
    """Those that were used so far."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._by_name: dict[str, str] = {}

    def series(self, name: Any, warn: Callable[[str, str], None]) -> str | None:
        """The series behind a name: `loss` is `train/loss`; None, with a warning, if it cannot be
        one.
        """
        if type(name) is str and name in self._by_name:
            return self._by_name[name]
        series = name if "/" in str(name) else f"train/{name}"
        if series in self._known:
            return str(series)
        is_text = isinstance(name, str) and name.isprintable() and name.strip() == name != ""
        if not is_text or len(name) > NAME_LENGTH_MAX:
            warn("log name", f"A series cannot be called {ascii(name)[:80]}.")
            return None
        if len(self._known) >= NAMES_MAX:
            warn("log names", f"More than {NAMES_MAX} series: {name} is not recorded.")
            return None
        self._known.add(series)
        self._by_name[name] = series
        return series

"""Checks of the plain fields of a task: functions, whole numbers, and names of metrics."""

from __future__ import annotations

import operator
import unicodedata
from collections.abc import Mapping
from typing import Any

from babysit.protocol.validation import check_name, shown

METRIC_NAME_LENGTH_MAX = 256  # characters


def check_callable(value: object, name: str) -> None:
    if not callable(value):
        raise ValueError(f"{name} must be a function, not {shown(value)}.")


def whole_number(value: Any, name: str, low: int, high: int) -> int:
    """A whole number of any integer type.

    Raises:
        ValueError: it is something else, or out of bounds.
    """
    if not isinstance(value, bool) and hasattr(value, "__index__"):
        number = operator.index(value)
        if low <= number <= high:
            return number
        if number > high:
            raise ValueError(f"{name} must be a whole number of at most {high:,}, not {number}.")
    raise ValueError(f"{name} must be a whole number of at least {low}, not {shown(value)}.")


def check_metrics(metrics: Any) -> None:
    if not isinstance(metrics, Mapping):
        raise ValueError(f"metrics must be a dict of functions by name, not {shown(metrics)}.")
    for name, metric in metrics.items():
        check_name(name, "metrics: each name")
        _check_metric_name(name)
        check_callable(metric, f"metrics: {shown(name)}")


def _check_metric_name(name: object) -> None:
    """A metric is the series `val/<name>` and `train/<name>`, beside those of Babysit itself.

    Raises:
        ValueError: it cannot be told apart from one of them, or cannot be asked for by name.
    """
    if not isinstance(name, str) or not name.strip() or len(name) > METRIC_NAME_LENGTH_MAX:
        raise ValueError(
            f"A metric needs a name of 1 to {METRIC_NAME_LENGTH_MAX} characters, not {name!r}."
        )
    if name.strip().casefold() == "cost":
        raise ValueError(
            f"A metric cannot be called {name!r}: val/cost and train/cost are the task's own cost. "
            "Give the metric another name."
        )
    has_control = any(unicodedata.category(character) == "Cc" for character in name)
    if has_control or name != name.strip() or set(name) & set(",*"):
        raise ValueError(
            f"A metric cannot be called {name!r}: commas, asterisks, spaces at the ends and "
            "control characters are not allowed."
        )

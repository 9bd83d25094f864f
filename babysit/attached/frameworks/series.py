"""The series behind the names that frameworks give to their metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PREFIXES = {"eval_": "val/", "val_": "val/", "train_": "train/"}
# Of the schedule and of the clock: recorded at every turn, or not to be repeated.
LEFT_OUT = ("learning_rate", "epoch", "step", "total_flos")
LEFT_OUT_ENDS = ("_runtime", "_per_second")


def series_name(name: str) -> str:
    """`val_loss` is the series `val/loss`; a name with a slash stays as it is."""
    if "/" not in name:
        for prefix, place in PREFIXES.items():
            if name.startswith(prefix) and name != prefix:
                return place + name.removeprefix(prefix)
    return name


def by_series(logs: Mapping[str, Any]) -> dict[str, Any]:
    """What a framework logs, without what says when or how fast."""
    return {
        series_name(name): value
        for name, value in logs.items()
        if isinstance(value, (int, float))
        and name not in LEFT_OUT
        and not name.endswith(LEFT_OUT_ENDS)
    }

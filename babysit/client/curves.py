"""The recorded values of a run as NumPy arrays, complete however many they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from babysit.client.connection import BabysitError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Curve: TypeAlias = tuple[NDArray[np.int64], NDArray[np.float64]]  # steps, values

POINTS_A_REQUEST = 100_000  # of one series

Ask: TypeAlias = Callable[..., dict[str, Any]]  # series, from_step, to_step, points: the series


def read_curves(ask: Ask, series: Sequence[str] | None) -> dict[str, Curve]:
    """(steps, values) of each series, every value as it was recorded; None: all series."""
    import numpy as np

    names = None if series is None else ",".join(series)
    parts = list(_windows(ask, names, 0, None))
    return {
        name: (
            np.array([step for part in parts for step in part[name]["step"]], np.int64),
            np.array([float(value) for part in parts for value in part[name]["value"]]),
        )
        for name in parts[0]
    }


def _windows(ask: Ask, names: str | None, first: int, last: int | None) -> Iterator[dict[str, Any]]:
    """The series between two steps, in as many responses as it takes until none is thinned."""
    found = ask(series=names, from_step=first, to_step=last, points=POINTS_A_REQUEST)
    if all(curve["count"] == len(curve["step"]) for curve in found.values()):
        yield found
        return
    if last is None:
        last = max(curve["step"][-1] for curve in found.values() if curve["step"])
    if first >= last:
        raise BabysitError(f"More than {POINTS_A_REQUEST:,} values of a series are at one step.")
    middle = (first + last) // 2
    yield from _windows(ask, names, first, middle)
    yield from _windows(ask, names, middle + 1, last)

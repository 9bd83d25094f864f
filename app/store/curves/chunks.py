"""How a part of a curve is stored: the number of its points, then steps and values, packed."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from babysit.storage.float_codec import pack_columns, unpack_columns

from ...errors import DatabaseCorrupt
from ..tables.runs import DAMAGED

OPEN_VALUES_MAX = 512  # then a chunk is closed
CLOSED_VALUES = 4_096  # closed chunks are joined up to this size
COMPRESSION = 1  # of zlib: points are stored while they come, so this must be fast
COUNT = struct.Struct("<I")

Steps = NDArray[np.int64]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """Recorded values of one series. steps: (N,), ascending; values: (N,), any float."""

    steps: Steps
    values: Numbers

    def __len__(self) -> int:
        return len(self.steps)

    def within(self, from_step: int | None, to_step: int | None) -> Curve:
        """The part from one step to another, both included; None is no bound."""
        start = 0 if from_step is None else int(np.searchsorted(self.steps, from_step, "left"))
        end = None if to_step is None else int(np.searchsorted(self.steps, to_step, "right"))
        return Curve(self.steps[start:end], self.values[start:end])


def empty() -> Curve:
    return Curve(np.empty(0, np.int64), np.empty(0, np.float64))


def joined(curves: list[Curve]) -> Curve:
    """One after the other."""
    if len(curves) == 1:
        return curves[0]
    if not curves:
        return empty()
    return Curve(
        np.concatenate([curve.steps for curve in curves]),
        np.concatenate([curve.values for curve in curves]),
    )


def pack(curve: Curve) -> bytes:
    columns = np.stack([curve.steps, curve.values.view(np.int64)])
    return COUNT.pack(len(curve)) + pack_columns(columns, COMPRESSION)


def unpack(data: bytes) -> Curve:
    """Raises: DatabaseCorrupt: no curve was packed into this."""
    try:
        (count,) = COUNT.unpack_from(data)
        steps, values = unpack_columns(data[COUNT.size :], 2, count)
    except (struct.error, ValueError) as error:
        raise DatabaseCorrupt(DAMAGED) from error
    return Curve(steps, values.view(np.float64))


def extremes(values: Numbers) -> tuple[float | None, float | None]:
    """Smallest and largest finite value; None when there are none."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return None, None
    return float(finite.min()), float(finite.max())

"""How a stretch of a curve is stored: differences, bytes shuffled, zlib; equal bits come back."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import DatabaseCorrupt
from ..tables.runs import DAMAGED

OPEN_VALUES_MAX = 512  # then a chunk is closed
CLOSED_VALUES = 4_096  # closed chunks are joined up to this size
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
    columns = (_shuffled(curve.steps), _shuffled(curve.values.view(np.int64)))
    return COUNT.pack(len(curve)) + zlib.compress(b"".join(columns), 1)


def unpack(data: bytes) -> Curve:
    """Raises: Damaged: no curve was packed into this."""
    try:
        (count,) = COUNT.unpack_from(data)
        columns = np.frombuffer(zlib.decompress(data[COUNT.size :]), np.uint8).reshape(2, 8, count)
    except (struct.error, zlib.error, ValueError) as error:
        raise DatabaseCorrupt(DAMAGED) from error
    return Curve(_unshuffled(columns[0]), _unshuffled(columns[1]).view(np.float64))


def extremes(values: Numbers) -> tuple[float | None, float | None]:
    """Smallest and largest finite value; None when there are none."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return None, None
    return float(finite.min()), float(finite.max())


def _shuffled(column: Steps) -> bytes:
    """Differences (they wrap, so nothing is lost), all first bytes first, then all second ..."""
    differences = np.diff(column, prepend=np.int64(0)).astype("<i8")
    return differences.view(np.uint8).reshape(-1, 8).T.tobytes()


def _unshuffled(planes: NDArray[np.uint8]) -> Steps:
    differences = np.ascontiguousarray(planes.T).view("<i8").reshape(-1)
    total: Steps = np.cumsum(differences, dtype=np.int64)
    return total

"""Compresses columns of 64-bit numbers without loss: differences, shuffled bytes, zlib.

Neighbours in a column are similar, so most bytes of their differences are equal. All first bytes,
then all second bytes and so on compress well.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

NUMBER_BYTES = 8


class WrongCount(ValueError):
    """The data have another number of values than expected."""


def pack_columns(columns: NDArray[np.int64], level: int) -> bytes:
    """Compress. columns: (C, N); a column of floats is viewed as integers. level: of zlib."""
    width, count = columns.shape
    # Differences wrap around, so the result is exact.
    differences = np.diff(columns, axis=1, prepend=np.int64(0)).astype("<i8")  # (C, N)
    planes = differences.view(np.uint8).reshape(width, count, NUMBER_BYTES).transpose(0, 2, 1)
    return zlib.compress(planes.tobytes(), level)


def unpack_columns(data: bytes, width: int, count: int) -> NDArray[np.int64]:
    """The (C, N) columns that were packed.

    width, count: C and N. They bound the memory that a few bytes of damaged data can require.

    Raises:
        WrongCount: the data have another number of columns or of values.
        ValueError: the data are damaged.
    """
    size = width * count * NUMBER_BYTES
    stream = zlib.decompressobj()
    try:
        planes = stream.decompress(data, size + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if len(planes) != size:
        raise WrongCount(f"not {count:,} numbers in each of {width} columns")
    if not stream.eof:
        raise ValueError("the end is missing")
    shuffled = np.frombuffer(planes, np.uint8).reshape(width, NUMBER_BYTES, count)
    differences = np.ascontiguousarray(shuffled.transpose(0, 2, 1)).view("<i8")  # (C, N, 1)
    columns: NDArray[np.int64] = np.cumsum(
        differences.reshape(width, count), axis=1, dtype=np.int64
    )
    return columns

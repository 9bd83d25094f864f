"""What every step recorded, as text in a recipe: exact, and a tenth of its size."""

from __future__ import annotations

import base64
import binascii
import zlib

import numpy as np
from numpy.typing import NDArray

from babysit.protocol.recipe import COMPARED, COMPARED_STEPS_MAX, BadRecipe, Recorded

COUNT_MAX = COMPARED_STEPS_MAX + 1  # of a thinned run, the last step is always one of them
WIDTH = 1 + len(COMPARED)


def pack(recorded: Recorded) -> str:
    """Differences (they wrap, so nothing is lost), all first bytes first, then all second ...;
    zlib, base64.
    """
    columns = np.vstack([recorded.steps, np.ascontiguousarray(recorded.values).view(np.int64)])
    differences = np.diff(columns, axis=1, prepend=np.int64(0)).astype("<i8")  # (4, N)
    planes = differences.view(np.uint8).reshape(WIDTH, -1, 8).transpose(0, 2, 1)
    return base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode()


def unpack(text: str, count: int) -> Recorded:
    """What was packed, equal to the last bit.

    count: how many steps there are; it is what bounds the memory that a short text can ask for.

    Raises:
        BadRecipe: the text is damaged, or is not that of so many steps.
    """
    size = count * WIDTH * 8
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
        planes = zlib.decompressobj().decompress(data, size + 1)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise BadRecipe("recorded: the packed numbers are damaged") from error
    if len(planes) != size:
        raise BadRecipe(f"recorded: the packed numbers are not those of {count:,} steps")
    shuffled = np.frombuffer(planes, np.uint8).reshape(WIDTH, 8, count).transpose(0, 2, 1)
    differences = np.ascontiguousarray(shuffled).view("<i8").reshape(WIDTH, count)
    columns: NDArray[np.int64] = np.cumsum(differences, axis=1, dtype=np.int64)
    steps = columns[0]
    if steps[0] < 1 or bool((np.diff(steps) < 1).any()):
        raise BadRecipe("recorded: the steps must ascend from 1 on")
    return Recorded(steps, np.ascontiguousarray(columns[1:]).view(np.float64))

"""Packs the recorded values of all steps as text: exact, in a tenth of the size."""

from __future__ import annotations

import base64

import numpy as np

from babysit.protocol.recipes.recipe import COMPARED, COMPARED_STEPS_MAX, BadRecipe, Recorded
from babysit.storage.float_codec import WrongCount, pack_columns, unpack_columns

COUNT_MAX = COMPARED_STEPS_MAX + 1  # the last step is always kept
COMPRESSION = 9  # of zlib; a recipe is written once


def pack(recorded: Recorded) -> str:
    columns = np.vstack([recorded.steps, np.ascontiguousarray(recorded.values).view(np.int64)])
    return base64.b64encode(pack_columns(columns, COMPRESSION)).decode()


def unpack(text: str, count: int, names: tuple[str, ...] = COMPARED) -> Recorded:
    """What was packed, bit for bit.

    count: how many steps there are. It bounds the memory that a short text can require; so do the
    names of the series.

    Raises:
        BadRecipe: the text is damaged, or has another number of steps.
    """
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
        columns = unpack_columns(data, 1 + len(names), count)
    except WrongCount as error:
        message = f"recorded: the packed numbers are not those of {count:,} steps"
        raise BadRecipe(message) from error
    except ValueError as error:  # binascii.Error is one
        raise BadRecipe("recorded: the packed numbers are damaged") from error
    steps = columns[0]
    if steps[0] < 1 or bool((np.diff(steps) < 1).any()):
        raise BadRecipe("recorded: the steps must ascend from 1 on")
    return Recorded(steps, np.ascontiguousarray(columns[1:]).view(np.float64), names)

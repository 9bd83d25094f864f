"""Packed numbers: equal bits come back, and the bytes are those of every earlier version."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray

from app.store.curves import chunks
from app.store.curves.chunks import Curve
from babysit.protocol.recipes import numbers as recipe_numbers
from babysit.protocol.recipes.recipe import Recorded
from babysit.storage.float_codec import WrongCount, pack_columns, unpack_columns

STEPS = np.array([1, 2, 3, 10, 1000, 2**40], np.int64)
VALUES = np.array([0.5, -0.25, np.nan, np.inf, -0.0, 1e-300])
# What the first version wrote for these: data directories and recipes are full of it.
CHUNK = bytes.fromhex(
    "06000000780163646464bf27c10004cc7f4024c37f0c122c80424482799fc1e40f3079084cca83c9bc071f347e08"
    "2cb5af3ff09fa1110024c60f33"
)
EMPTY_CHUNK = bytes.fromhex("000000007801030000000001")
RECORDED = (
    "eNpjZGRkvyfBAATMf0Akw38MEhNEgsnPYPIHmDwEJuXBZN6DDxo/BJba1x/4z9AYuRyslAeslB2s1Bas9AFY6UQQ"
    "uTTqA8cNAca6/wz2DcSY/+GDxA+BrRDzAW20JJA="
)


def bits(values: NDArray[np.float64]) -> list[int]:
    return np.ascontiguousarray(values).view(np.int64).ravel().tolist()


def columns() -> NDArray[np.int64]:
    return np.stack([STEPS, VALUES.view(np.int64)])


@pytest.mark.parametrize(
    ("curve", "stored"),
    [(Curve(STEPS, VALUES), CHUNK), (Curve(STEPS[:0], VALUES[:0]), EMPTY_CHUNK)],
)
def test_a_chunk_is_stored_as_ever(curve: Curve, stored: bytes) -> None:
    packed = chunks.pack(curve)
    back = chunks.unpack(stored)

    # Compared before zlib, whose output may differ between its versions; and its level after it.
    assert packed[:6] == stored[:6]
    assert zlib.decompress(packed[4:]) == zlib.decompress(stored[4:])
    assert back.steps.tolist() == curve.steps.tolist()
    assert bits(back.values) == bits(curve.values)


def test_the_numbers_of_a_recipe_are_written_as_ever() -> None:
    recorded = Recorded(STEPS, np.vstack([VALUES, VALUES[::-1], VALUES * 2]))
    packed, stored = (base64.b64decode(text) for text in (recipe_numbers.pack(recorded), RECORDED))
    back = recipe_numbers.unpack(RECORDED, len(STEPS))

    assert packed[:2] == stored[:2]
    assert zlib.decompress(packed) == zlib.decompress(stored)
    assert back.steps.tolist() == STEPS.tolist()
    assert bits(back.values) == bits(recorded.values)


@pytest.mark.parametrize("count", [0, 5, 7, 2**40])
def test_another_count_is_refused_without_its_memory(count: int) -> None:
    with pytest.raises(WrongCount):
        unpack_columns(pack_columns(columns(), 9), 2, count)


def test_any_cut_and_a_flipped_bit_are_noticed() -> None:
    packed = pack_columns(columns(), 9)

    for length in range(len(packed)):
        with pytest.raises(ValueError, match=r"end is missing|not 6 numbers"):
            unpack_columns(packed[:length], 2, len(STEPS))
    flipped = bytearray(packed)
    flipped[-1] ^= 1
    with pytest.raises(ValueError, match="incorrect data check"):
        unpack_columns(bytes(flipped), 2, len(STEPS))

"""The exponential average of a curve, so that a part of it needs only what lies shortly before.

The steps are divided into blocks at fixed places. Within a block the average is a running sum from
the block's start; what a block takes over from earlier ones is summed from the newest to the
oldest. In that order, terms that are too small to count do not change a single bit, so a part of a
curve is equal, bit for bit, to the same part of the whole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .chunks import Curve, Numbers, Steps

# Settings and clocks are what they are: an average of them would be wrong.
NEVER_SMOOTHED = frozenset(
    {"learning_rate", "momentum", "epoch", "examples", "active_s", "clock_s", "steps_per_s"}
)
BLOCK_AVERAGES = 16  # steps of a block / steps of the average: a weight falls to e^-22 at most
SCALE = 2.0**-60  # of the values while they are summed: no sum of floats overflows
NEGLIGIBLE = 2.0**-56  # of a sum: a term that is smaller changes no bit of it


@dataclass(frozen=True, slots=True)
class Earlier:
    """What lies before a part of a curve: how many values, and the largest absolute value."""

    count: int
    largest: float


NOTHING = Earlier(0, 0.0)


def block_steps(over_steps: int) -> int:
    """A part of a curve that is to be smoothed begins at a multiple of this step."""
    return BLOCK_AVERAGES * over_steps


def smoothed(curve: Curve, over_steps: int) -> Curve:
    """The exponential average with weight 1 - 1/over_steps a step, corrected for its start.

    At step s it is the mean of all values up to s, each weighted by (1 - 1/over_steps)^(s - its
    step). Values that are not finite take no part, and stay where they are.
    """
    found = smoothed_part(curve, over_steps, 0, NOTHING)
    assert found is not None, "nothing lies before a whole curve"
    return found


def smoothed_part(part: Curve, over_steps: int, from_step: int, earlier: Earlier) -> Curve | None:
    """The average of a part of a curve; its bits from `from_step` on are those of the whole.

    part: begins at a multiple of `block_steps(over_steps)`, complete from there on.
    earlier: bounds what lies before it. None: that could still count, so more must be read.
    """
    if over_steps <= 1 or not len(part):
        return part
    finite = np.isfinite(part.values)
    values = np.where(finite, part.values, 0.0) * SCALE
    blocks = _Blocks.of(part.steps, over_steps)
    largest = max(earlier.largest * SCALE, float(np.abs(values).max()))
    count = earlier.count + len(part)
    total = blocks.sums(values, largest * count)
    weight = blocks.sums(finite.astype(np.float64), float(count))
    if earlier.count:
        is_wanted = blocks.numbers >= from_step // block_steps(over_steps)
        for sums, bound in ((total, earlier.largest * SCALE), (weight, 1.0)):
            after = blocks.log_weights(blocks.numbers[is_wanted] - blocks.numbers[0])
            if not _is_settled(sums.taken_over[is_wanted], bound * earlier.count, after):
                return None
    with np.errstate(invalid="ignore", divide="ignore"):
        average = total.running / weight.running / SCALE
    return Curve(part.steps, np.where(finite, average, part.values))


class _Sums(NamedTuple):
    """running: (N,), the weighted sum up to each value. taken_over: (B,), at each block's start."""

    running: Numbers
    taken_over: Numbers


class _Blocks(NamedTuple):
    """The blocks of a curve with N values that hold any.

    starts: (B,), the place of the first value of each. numbers: (B,), step // steps of a block.
    weights: (N,), of a step, compared with the start of its block.
    log_weight: of a whole block.
    """

    starts: NDArray[np.int64]
    numbers: Steps
    weights: Numbers
    log_weight: float

    @classmethod
    def of(cls, steps: Steps, over_steps: int) -> _Blocks:
        size = block_steps(over_steps)
        log_weight = math.log1p(-1.0 / over_steps)
        number = steps // size
        starts = np.flatnonzero(np.diff(number, prepend=number[0] - 1))
        weights = np.exp((steps - number * size) * log_weight)
        return cls(starts, number[starts], weights, log_weight * size)

    def log_weights(self, distances: Steps) -> Numbers:
        return distances.astype(np.float64) * self.log_weight

    def sums(self, values: Numbers, bound: float) -> _Sums:
        """bound: no sum of absolute values, these and earlier ones, is larger."""
        inside = _running_sums(values / self.weights, self.starts)
        ends = np.append(self.starts[1:], len(values))
        taken_over = self._taken_over(inside[ends - 1], bound)
        repeated: Numbers = np.repeat(taken_over, ends - self.starts)
        return _Sums(self.weights * (repeated + inside), taken_over)

    def _taken_over(self, block_sums: Numbers, bound: float) -> Numbers:
        """What each block takes over from those before it, summed from the newest one on."""
        result = np.zeros_like(block_sums)
        for back in range(1, len(block_sums)):
            after = self.log_weights(self.numbers[back:] - self.numbers[:-back])
            result[back:] += np.exp(after) * block_sums[:-back]
            if _is_settled(result[back:], bound, after):
                break
        return result


def _is_settled(sums: Numbers, bound: float, log_weights: Numbers) -> bool:
    """Whether older terms, each at most `bound` with these weights, change no bit of the sums."""
    return bool((bound * np.exp(log_weights) <= np.abs(sums) * NEGLIGIBLE).all())


def _running_sums(values: Numbers, starts: NDArray[np.int64]) -> Numbers:
    """The running sum of values, which begins anew at each of `starts`.

    Blocks of equal length are summed together: few lengths occur, and each sum is the same
    whichever blocks are there.
    """
    result = np.empty_like(values)
    counts = np.diff(np.append(starts, len(values)))
    for count in np.unique(counts).tolist():
        chosen = np.flatnonzero(counts == count)
        first, last = int(chosen[0]), int(chosen[-1])
        if last - first + 1 == len(chosen):  # side by side, as in a series without gaps
            part = slice(starts[first], starts[last] + count)
            tabled = values[part].reshape(-1, count)  # (blocks, count)
            np.cumsum(tabled, axis=1, out=result[part].reshape(-1, count))
        else:
            places = starts[chosen, np.newaxis] + np.arange(count)  # (blocks, count)
            result[places] = np.cumsum(values[places], axis=1)
    return result

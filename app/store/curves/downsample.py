"""Curves as they are drawn: stitched, and thinned without losing an extreme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .chunks import Curve, Numbers, Steps, joined

DIGITS_MAX = 12  # significant digits to which numbers may be rounded: below those of a float
POWERS_OF_TEN = 10.0 ** np.arange(23)  # all that are floats


@dataclass(frozen=True, slots=True)
class Segment:
    """A curve that counts up to a step, where another one takes over; None: to its end."""

    curve: Curve
    until: int | None


@dataclass(frozen=True, slots=True)
class Downsampled:
    """A curve in columns of equal length; point i stands for `counts[i]` values.

    steps, values: where a bucket ends and its last value; the first NaN in it comes first.
    low, high: extremes in the bucket, infinities included; NaN when it holds nothing else.
    """

    steps: Steps
    values: Numbers
    low: Numbers
    high: Numbers
    counts: Steps

    def rounded(self, digits: int | None) -> Downsampled:
        """With numbers of so many significant digits; None: as they are."""
        if digits is None:
            return self
        value, low, high = (rounded(part, digits) for part in (self.values, self.low, self.high))
        return Downsampled(self.steps, value, low, high, self.counts)

    def to_json(self) -> dict[str, list[Any]]:
        return {
            "step": self.steps.tolist(),
            "value": floats_to_json(self.values),
            "min": floats_to_json(self.low),
            "max": floats_to_json(self.high),
            "count": int(self.counts.sum()),
            "counts": self.counts.tolist(),
        }


def rounded(values: Numbers, digits: int) -> Numbers:
    """The floats nearest to the decimals with so many significant digits.

    Never changes the order of values. Zeros, infinities, NaN and what is far from 1 stay as they
    are.
    """
    size = np.abs(values)
    is_number = np.isfinite(values) & (size > 0)
    exponents = np.floor(np.log10(size, where=is_number, out=np.zeros_like(size)))
    places = (digits - 1 - exponents).astype(np.int64)  # after the point; negative: before it
    changes = is_number & (np.abs(places) < len(POWERS_OF_TEN))
    places[~changes] = 0
    up, down = POWERS_OF_TEN[np.maximum(places, 0)], POWERS_OF_TEN[np.maximum(-places, 0)]
    return np.where(changes, np.rint(values * up / down) / up * down, values)


def floats_to_json(values: Numbers) -> list[Any]:
    """JSON numbers, and strings for what is not finite."""
    listed: list[Any] = values.tolist()
    if np.isfinite(values).all():
        return listed
    for place in np.flatnonzero(~np.isfinite(values)).tolist():
        value = listed[place]
        listed[place] = "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return listed


def concatenate_segments(segments: Sequence[Segment]) -> Curve:
    """One curve: each segment after the step where the one before it was left.

    The same for a family (an ancestor counts until its child left) and for the attempts of a run
    (an attempt counts until the next one began).
    """
    parts: list[Curve] = []
    after: int | None = None
    bounds = [segment.until for segment in segments]
    for place, segment in enumerate(segments):
        # A later one may begin before an earlier one: what it says anew, counts.
        later = [bound for bound in bounds[place:] if bound is not None]
        parts.append(segment.curve.within(after, min(later) if later else None))
        if segment.until is not None:
            after = segment.until + 1
    return joined([part for part in parts if len(part)] or parts[:1])


def downsample(curve: Curve, points: int) -> Downsampled:
    """At most `points` buckets of about equally many values; all values when they are no more."""
    size = len(curve)
    if size <= points:
        ones = np.ones(size, np.int64)
        return Downsampled(curve.steps, curve.values, curve.values, curve.values, ones)
    starts = np.arange(points, dtype=np.int64) * size // points
    ends = np.append(starts[1:], size)
    not_a_number = np.isnan(curve.values)
    low = np.fmin.reduceat(curve.values, starts)
    high = np.fmax.reduceat(curve.values, starts)
    shown = ends - 1
    if not_a_number.any():
        where = np.where(not_a_number, np.arange(size), size)
        first = np.minimum.reduceat(where, starts)
        shown = np.where(first < size, first, shown)
    return Downsampled(curve.steps[shown], curve.values[shown], low, high, ends - starts)

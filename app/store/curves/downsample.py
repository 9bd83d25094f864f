"""Curves as they are drawn: stitched, and thinned without losing an extreme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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

    def part(self, start: int, end: int) -> Downsampled:
        """Some of its buckets, by their places."""
        place = slice(start, end)
        return Downsampled(
            self.steps[place],
            self.values[place],
            self.low[place],
            self.high[place],
            self.counts[place],
        )

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
    """One curve: each segment after the step where the one before it was left."""
    bounds = segment_bounds([segment.until for segment in segments])
    parts = [segment.curve.within(*bound) for segment, bound in zip(segments, bounds, strict=True)]
    return joined([part for part in parts if len(part)] or parts[:1])


def segment_bounds(untils: Sequence[int | None]) -> list[tuple[int | None, int | None]]:
    """From which to which step each segment counts, by where each was left.

    The same for a family (an ancestor counts until its child left) and for the attempts of a run
    (an attempt counts until the next one began).
    """
    bounds: list[tuple[int | None, int | None]] = []
    after: int | None = None
    for place, until in enumerate(untils):
        # A later one may begin before an earlier one: what it says anew, counts.
        later = [bound for bound in untils[place:] if bound is not None]
        bounds.append((after, min(later) if later else None))
        if until is not None:
            after = until + 1
    return bounds


def downsample(curve: Curve, points: int) -> Downsampled:
    """At most `points` buckets of about equally many values; all values when they are no more."""
    size = len(curve)
    each = as_buckets(curve)
    if size <= points:
        return each
    return _merged(each, np.arange(points, dtype=np.int64) * size // points)


def as_buckets(curve: Curve) -> Downsampled:
    """Each value as it is."""
    ones = np.ones(len(curve), np.int64)
    return Downsampled(curve.steps, curve.values, curve.values, curve.values, ones)


def merge_buckets(parts: Sequence[Downsampled], points: int) -> Downsampled:
    """At most `points` buckets of about equally many values, each of whole smaller ones.

    A bucket ends less than one of the smaller ones after the place where `downsample` ends it.
    """
    columns = ("steps", "values", "low", "high", "counts")
    every = Downsampled(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in columns)
    )
    if len(every.steps) <= points:
        return every
    ends = np.cumsum(every.counts)
    bucket = (ends - 1) * points // ends[-1]
    return _merged(every, np.flatnonzero(np.diff(bucket, prepend=-1)))


def _merged(every: Downsampled, starts: NDArray[np.int64]) -> Downsampled:
    """Buckets that begin at some of the smaller ones. Merging twice or once makes the same."""
    size = len(every.steps)
    low = np.fmin.reduceat(every.low, starts)
    high = np.fmax.reduceat(every.high, starts)
    shown = np.append(starts[1:], size) - 1
    not_a_number = np.isnan(every.values)
    if not_a_number.any():
        where = np.where(not_a_number, np.arange(size), size)
        first = np.minimum.reduceat(where, starts)
        shown = np.where(first < size, first, shown)
    counts = np.add.reduceat(every.counts, starts)
    return Downsampled(every.steps[shown], every.values[shown], low, high, counts)

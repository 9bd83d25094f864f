"""Curves: stored bit for bit, stitched, smoothed by the formula, thinned with extremes kept."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.store.curves.append import append_points
from app.store.curves.chunks import Curve, pack, unpack
from app.store.curves.curves import lineage, read_curves
from app.store.curves.downsample import (
    DIGITS_MAX,
    Segment,
    concatenate_segments,
    downsample,
    floats_to_json,
    rounded,
)
from app.store.runs.runs import find_run
from app.store.store import Store
from app.store.tables.runs import CurveChunkRow
from babysit.storage.journal import Points
from tests.app.fake_worker import points
from tests.sizes import CURVE_BATCHES, chosen

ODD = [math.nan, math.inf, -math.inf, -0.0, 5e-324, 1e308, -1e308, 1 / 3]


def curve(values: list[float], first_step: int = 1) -> Curve:
    steps = np.arange(first_step, first_step + len(values), dtype=np.int64)
    return Curve(steps, np.array(values, dtype=np.float64))


@given(
    st.lists(
        st.tuples(st.integers(0, 2**53), st.floats(allow_nan=True, allow_infinity=True)),
        max_size=50,
    )
)
def test_a_chunk_gives_back_every_bit(pairs: list[tuple[int, float]]) -> None:
    stored = Curve(
        np.array([step for step, _ in pairs], np.int64), np.array([v for _, v in pairs], float)
    )

    found = unpack(pack(stored))

    assert found.steps.tobytes() == stored.steps.tobytes()
    assert found.values.tobytes() == stored.values.tobytes()


def test_odd_floats_survive_the_database_bit_for_bit(store: Store, run_id: int) -> None:
    with store.writing() as tx:
        run = find_run(tx.session, run_id)
        run.attempt = 1
        append_points(tx.session, run, 1, [points(1, ODD)])

    with store.reading() as session:
        line = lineage(session, find_run(session, run_id), family=False)
        found = read_curves(session, line, ["train/cost"])["train/cost"]

    assert found.values.tobytes() == np.array(ODD).tobytes()
    assert floats_to_json(found.values)[:3] == ["NaN", "Infinity", "-Infinity"]


@pytest.mark.parametrize("batch", chosen((1, 7, 511, 512, 513, 5000), CURVE_BATCHES))
def test_any_batches_make_the_same_curve(store: Store, run_id: int, batch: int) -> None:
    values = np.random.default_rng(batch).normal(size=9_000 if batch > 1 else 600)
    for start in range(0, len(values), batch):
        with store.writing() as tx:
            run = find_run(tx.session, run_id)
            run.attempt = 1
            block = points(1 + start, values[start : start + batch].tolist())
            append_points(tx.session, run, 1, [block])

    with store.reading() as session:
        line = lineage(session, find_run(session, run_id), family=False)
        found = read_curves(session, line, ["train/cost"])["train/cost"]
        chunks = session.query(CurveChunkRow).count()
        step = find_run(session, run_id).step

    assert found.steps.tolist() == list(range(1, len(values) + 1))
    assert found.values.tobytes() == values.tobytes()
    assert chunks <= len(values) // 4096 + 8
    assert step == len(values)


@settings(max_examples=200)
@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=300),
    st.integers(1, 320),
)
def test_thinning_keeps_every_extreme_every_nan_and_every_count(
    values: list[float], wanted: int
) -> None:
    found = downsample(curve(values), wanted)

    assert len(found.steps) == min(wanted, len(values))
    assert int(found.counts.sum()) == len(values)
    numbers = [value for value in values if not math.isnan(value)]
    if numbers:
        assert np.nanmin(found.low) == min(numbers)
        assert np.nanmax(found.high) == max(numbers)
    assert np.isnan(found.values).any() == any(math.isnan(value) for value in values)
    assert (np.diff(found.steps) > 0).all()
    place = 0
    for low, high, count in zip(found.low, found.high, found.counts, strict=True):
        bucket = [v for v in values[place : place + int(count)] if not math.isnan(v)]
        if bucket:
            assert (low, high) == (min(bucket), max(bucket))
        place += int(count)


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=50),
    st.integers(1, DIGITS_MAX),
)
def test_rounding_keeps_the_order_and_so_many_digits(values: list[float], digits: int) -> None:
    exact = np.sort(np.array(values))

    found = rounded(exact, digits)

    known = ~np.isnan(exact)
    assert (np.isnan(found) == ~known).all()
    assert (found[known][:-1] <= found[known][1:]).all()
    for one, other in zip(exact[known], found[known], strict=True):
        assert other == one or abs(other - one) <= 0.500001 * 10.0 ** (1 - digits) * abs(one)
        if 1e-9 < abs(one) < 1e9:
            assert other == float(f"{other:.{digits - 1}e}")


def test_enough_points_return_every_value_as_it_is() -> None:
    found = downsample(curve([3.0, 1.0, 2.0]), 3)

    assert found.values.tolist() == [3.0, 1.0, 2.0]
    assert found.counts.tolist() == [1, 1, 1]


def test_stitching_clips_each_ancestor_at_the_step_where_its_child_left() -> None:
    grandparent = Segment(curve([1.0] * 10), 6)
    parent = Segment(curve([2.0] * 5, 7), 9)
    child = Segment(curve([3.0] * 3, 10), None)

    found = concatenate_segments([grandparent, parent, child])

    assert found.steps.tolist() == list(range(1, 13))
    assert found.values.tolist() == [1.0] * 6 + [2.0] * 3 + [3.0] * 3


def test_at_the_step_of_the_fork_the_ancestor_counts() -> None:
    found = concatenate_segments([Segment(curve([1.0] * 9), 5), Segment(curve([2.0] * 4, 5), None)])

    assert found.steps.tolist() == list(range(1, 9))
    assert found.values.tolist() == [1.0] * 5 + [2.0] * 3


def test_a_later_attempt_takes_the_place_of_what_came_after_its_first_step(
    store: Store, run_id: int
) -> None:
    from app.store.runs.projection import record_event
    from babysit.protocol.serialization import to_json
    from tests.app.fake_worker import started

    with store.writing() as tx:
        run = find_run(tx.session, run_id)
        for attempt, step in ((1, 0), (2, 5)):
            body = to_json(started(step))
            record_event(tx, run, attempt=attempt, seq=1, body=body)
            first, count = step + 1, 8
            append_points(tx.session, run, attempt, [points(first, [float(attempt)] * count)])
        append_points(
            tx.session, run, 1, [Points(("val/cost",), np.array([4, 8]), np.ones((1, 2)))]
        )

    with store.reading() as session:
        line = lineage(session, find_run(session, run_id), family=False)
        found = read_curves(session, line, ["train/cost", "val/cost"])
        attempt = find_run(session, run_id).attempt

    assert attempt == 2
    assert found["train/cost"].values.tolist() == [1.0] * 5 + [2.0] * 8
    assert found["val/cost"].steps.tolist() == [4]  # the value at 8 was of a future that is gone


def test_a_range_shows_what_the_whole_curve_shows_where_an_attempt_began(
    store: Store, run_id: int
) -> None:
    from app.store.runs.projection import record_event
    from babysit.protocol.serialization import to_json
    from tests.app.fake_worker import started

    with store.writing() as tx:
        run = find_run(tx.session, run_id)
        for attempt, step, steps in ((1, 0, [20, 40]), (2, 50, [50, 60])):
            record_event(tx, run, attempt=attempt, seq=1, body=to_json(started(step)))
            block = Points(("val/cost",), np.array(steps), np.ones((1, 2)))
            append_points(tx.session, run, attempt, [block])

    with store.reading() as session:
        line = lineage(session, find_run(session, run_id), family=False)
        whole = read_curves(session, line, ["val/cost"])["val/cost"]
        part = read_curves(session, line, ["val/cost"], from_step=45)["val/cost"]

    assert whole.steps.tolist() == [20, 40, 60]
    assert part.steps.tolist() == [60]

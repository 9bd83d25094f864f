"""Smoothing: by the formula, and of a part of a curve equal in every bit to that of the whole."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from app.store.curves.append import append_points
from app.store.curves.chunks import Curve
from app.store.curves.curves import lineage, series_names
from app.store.curves.drawing import draw_curves, read_smoothed
from app.store.curves.smoothing import Earlier, block_steps, smoothed, smoothed_part
from app.store.runs.projection import record_event
from app.store.runs.runs import find_run
from app.store.store import Store
from app.store.tables.runs import CurveChunkRow
from babysit.protocol.serialization import to_json
from tests.app.fake_worker import points, started
from tests.sizes import SPIKES, chosen

ANY = st.floats(allow_nan=True, allow_infinity=True)
USUAL = st.floats(-10, 10)
VALUES = st.lists(st.one_of(USUAL, st.just(0.0), ANY), min_size=1, max_size=400)
GAPS = st.lists(st.sampled_from([1, 1, 1, 1, 2, 20, 700, 10**6]), min_size=400, max_size=400)


# The third and the fourth are where a spike at step 5,001 can still be seen.
WINDOWS = (
    (1, 1),
    (690, 720),
    (5_160, 5_200),
    (6_300, 6_450),
    (6_000, 6_001),
    (5_999, 7_000),
    (11_990, None),
)


def curve(values: list[float], first_step: int = 1) -> Curve:
    steps = np.arange(first_step, first_step + len(values), dtype=np.int64)
    return Curve(steps, np.array(values, dtype=np.float64))


@pytest.mark.parametrize("over_steps", [2, 3, 20, 1000])
@pytest.mark.parametrize("every", [1, 20])
def test_smoothing_is_the_debiased_exponential_average(over_steps: int, every: int) -> None:
    rng = np.random.default_rng(over_steps)
    values = np.exp(rng.normal(size=5_000) * 5)
    steps = np.arange(1, 5_001, dtype=np.int64) * every
    weight = (1 - 1 / over_steps) ** every
    total, weights, expected = 0.0, 0.0, []
    for value in values:
        total, weights = total * weight + value, weights * weight + 1.0
        expected.append(total / weights)

    found = smoothed(Curve(steps, values), over_steps)

    assert np.allclose(found.values, expected, rtol=1e-9, atol=0)


def test_smoothing_leaves_nan_where_it_is_and_out_of_the_average() -> None:
    found = smoothed(curve([1.0, math.nan, 3.0, math.inf]), 2)

    assert math.isnan(found.values[1])
    assert found.values[2] == pytest.approx((1.0 * 0.25 + 3.0) / 1.25)
    assert found.values[3] == math.inf


def test_smoothing_bridges_gaps_of_any_width() -> None:
    steps = np.array([1, 2, 10**9, 10**9 + 1], np.int64)

    found = smoothed(Curve(steps, np.array([1.0, 1.0, 5.0, 7.0])), 2)

    assert found.values.tolist() == pytest.approx([1.0, 1.0, 5.0, (2.5 + 7) / 1.5])


@settings(max_examples=300, deadline=None)
@given(VALUES, GAPS, st.sampled_from([2, 3, 20, 1000]), st.data())
def test_a_part_is_smoothed_to_the_bits_of_the_whole_or_asks_for_more(
    values: list[float], gaps: list[int], over_steps: int, data: st.DataObject
) -> None:
    whole = Curve(np.cumsum(gaps[: len(values)]), np.array(values))
    from_step = data.draw(st.integers(0, int(whole.steps[-1])))
    size = block_steps(over_steps)
    begin = max(0, from_step // size - data.draw(st.integers(0, 60))) * size
    part = whole.within(begin, None)
    before = whole.values[: len(whole) - len(part)]
    finite = np.abs(before[np.isfinite(before)])
    earlier = Earlier(len(before), float(finite.max(initial=0.0)))

    found = smoothed_part(part, over_steps, from_step, earlier)

    expected = smoothed(whole, over_steps).within(from_step, None)
    if begin == 0:
        assert found is not None
    if found is not None:
        assert found.within(from_step, None).values.tobytes() == expected.values.tobytes()


@pytest.mark.parametrize("exponent", chosen(tuple(range(-60, 240, 3)), SPIKES))
def test_a_spike_before_a_part_counts_as_long_as_it_changes_a_bit(exponent: int) -> None:
    size = block_steps(20)
    begin, from_step = 2 * size, 6 * size
    values = np.full(8 * size, 1.1)
    values[begin - 1] = 2.0**exponent
    whole = curve(values.tolist(), 0)

    found = smoothed_part(
        whole.within(begin, None), 20, from_step, Earlier(begin, max(1.1, 2.0**exponent))
    )

    expected = smoothed(whole, 20).within(begin, None)
    if exponent < 20:
        assert found is not None
    if found is not None:
        part = found.within(from_step, None)
        assert part.values.tobytes() == expected.within(from_step, None).values.tobytes()


def test_forty_averages_before_a_part_of_usual_values_are_enough() -> None:
    values = np.random.default_rng(3).uniform(0.5, 2.0, 100_000).tolist()
    whole = curve(values)
    part = whole.within(80_000, None)

    found = smoothed_part(part, 20, 81_280, Earlier(79_999, 2.0))

    assert found is not None


def test_values_near_the_largest_float_do_not_overflow_while_they_are_summed() -> None:
    values = np.random.default_rng(5).uniform(1.0, 1.7, 5_000)

    found = smoothed(curve((values * 1e308).tolist()), 1000)

    assert np.allclose(found.values / 1e308, smoothed(curve(values.tolist()), 1000).values)


def test_a_range_is_smoothed_as_if_the_whole_curve_had_been_asked_for(
    store: Store, run_id: int
) -> None:
    values = np.random.default_rng(0).normal(size=3_000).tolist()
    with store.writing() as tx:
        run = find_run(tx.session, run_id)
        append_points(tx.session, run, 1, [points(1, values)])

    with store.reading() as session:
        line = lineage(session, find_run(session, run_id), family=False)
        names = series_names(session, [run_id])
        whole = draw_curves(
            session, line, names, within=(None, None), points=9_999, smooth_steps=50
        )["train/cost"]
        part = draw_curves(
            session, line, names, within=(2_000, 2_010), points=9_999, smooth_steps=50
        )["train/cost"]

    assert part.steps.tolist() == list(range(2_000, 2_011))
    assert part.values.tolist() == whole.values[1_999:2_010].tolist()


def test_any_range_of_a_run_with_two_attempts_is_smoothed_like_the_whole(
    store: Store, run_id: int
) -> None:
    values = np.random.default_rng(1).normal(size=12_000)
    values[[5, 700, 5_000, 9_000]] = [1e30, math.nan, 1e60, math.inf]
    with store.writing() as tx:
        run = find_run(tx.session, run_id)
        for attempt, step in ((1, 0), (2, 6_000)):
            record_event(tx, run, attempt=attempt, seq=1, body=to_json(started(step)))
            block = points(step + 1, values[step : step + 6_010].tolist())
            append_points(tx.session, run, attempt, [block])
        run.attempt = 2

    for over_steps in (2, 20, 300):
        with store.reading() as session:
            line = lineage(session, find_run(session, run_id), family=False)
            whole = read_smoothed(session, line, ["train/cost"], over_steps, (None, None))
            for window in WINDOWS:
                part = read_smoothed(session, line, ["train/cost"], over_steps, window)

                expected = whole["train/cost"].within(*window)
                assert part["train/cost"].steps.tolist() == expected.steps.tolist()
                assert part["train/cost"].values.tobytes() == expected.values.tobytes()


def test_a_smoothed_range_does_not_read_what_lies_long_before_it(store: Store, run_id: int) -> None:
    values = np.random.default_rng(2).normal(size=30_000).tolist()
    with store.writing() as tx:
        append_points(tx.session, find_run(tx.session, run_id), 1, [points(1, values)])
        far = (CurveChunkRow.run_id == run_id, CurveChunkRow.last_step < 20_000)
        tx.session.execute(update(CurveChunkRow).where(*far).values(data=b"not a chunk"))

    with store.reading() as session:
        line = lineage(session, find_run(session, run_id), family=False)
        part = read_smoothed(session, line, ["train/cost"], 50, (28_000, 28_500))

    expected = smoothed(curve(values), 50).within(28_000, 28_500)
    assert part["train/cost"].values.tobytes() == expected.values.tobytes()


@pytest.mark.parametrize("smooth_steps", [0, 1])
def test_a_range_without_smoothing_holds_what_was_recorded(
    store: Store, run_id: int, smooth_steps: int
) -> None:
    values = np.random.default_rng(4).normal(size=100).tolist()
    with store.writing() as tx:
        append_points(tx.session, find_run(tx.session, run_id), 1, [points(1, values)])

    with store.reading() as session:
        line = lineage(session, find_run(session, run_id), family=False)
        drawn = draw_curves(
            session, line, ["train/cost"], within=(40, 49), points=99, smooth_steps=smooth_steps
        )

    assert drawn["train/cost"].values.tolist() == values[39:49]


def test_a_learning_rate_is_never_smoothed(store: Store, run_id: int) -> None:
    rates = [0.1] * 50 + [0.01] * 50
    with store.writing() as tx:
        run = find_run(tx.session, run_id)
        append_points(tx.session, run, 1, [points(1, rates, "learning_rate")])

    with store.reading() as session:
        line = lineage(session, find_run(session, run_id), family=False)
        drawn = draw_curves(
            session, line, ["learning_rate"], within=(None, None), points=100, smooth_steps=20
        )

    assert drawn["learning_rate"].values.tolist() == rates

"""Charts of long runs: drawn from summaries, exact for each of the buckets that they show."""

from __future__ import annotations

import itertools
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from app.data_dir.rebuild import rebuild
from app.settings import Settings
from app.store.curves.append import append_points
from app.store.curves.chunks import Curve
from app.store.curves.curves import lineage, read_curves
from app.store.curves.downsample import Downsampled, as_buckets, downsample, merge_buckets
from app.store.curves.drawing import draw_curves
from app.store.curves.summaries import SIZES, pack_buckets, unpack_buckets
from app.store.recovery.integrity import open_database
from app.store.runs.create import start_run
from app.store.runs.projection import record_event
from app.store.runs.runs import find_run
from app.store.store import Store
from app.store.tables.runs import CurveChunkRow
from app.store.tables.summaries import CurveSummaryRow
from app.supervisor.ingest import Ingest
from app.verify.runner import verify
from babysit.protocol.serialization import to_json
from babysit.storage.journal import Points
from tests.app.fake_worker import SPIRALS, FakeWorker, started
from tests.app.full_history import DATABASE
from tests.sizes import CURVE_JUMPS, chosen

NAME = "train/cost"
POINTS = 50  # so that a few thousand values are many
JUMPS = tuple(itertools.product((4_095, 4_096, 9_000, 16_384, 19_000), (0, -10, -3_000)))
RANGES = (
    (None, None),
    (1, 60_000),
    (0, 70_000),
    (12_345, None),
    (None, 23_456),
    (10_001, 34_999),
    (4_096, 59_999),
    (4_097, 57_344),
    (30_000, 45_000),
    (59_000, None),
    (61_000, None),
    (35_000, 35_001),
)
ODD = (math.nan, math.inf, -math.inf, -0.0, 1e308, -1e308)


def record(store: Store, run_id: int, curve: Curve, *, attempt: int = 1, began: int = 0) -> None:
    """Values in batches, as a worker sends them."""
    with store.writing() as tx:
        run = find_run(tx.session, run_id)
        record_event(tx, run, attempt=attempt, seq=1, body=to_json(started(began)))
        for start in range(0, len(curve), 3_000):
            part = slice(start, start + 3_000)
            values = curve.values[np.newaxis, part]
            append_points(tx.session, run, attempt, [Points((NAME,), curve.steps[part], values)])


def curve_of(count: int, *, first: int = 1, every: int = 1, seed: int = 0) -> Curve:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=count)
    odd = rng.integers(0, count, max(1, count // 500))
    values[odd] = rng.choice(ODD, len(odd))
    return Curve(first + every * np.arange(count, dtype=np.int64), values)


def drawn(
    session: Session, run_id: int, within: tuple[int | None, int | None], points: int = POINTS
) -> tuple[Downsampled, Curve]:
    """A chart, and all values that it stands for."""
    line = lineage(session, find_run(session, run_id), family=True)
    chart = draw_curves(session, line, [NAME], within=within, points=points, smooth_steps=0)
    from_step, to_step = within
    every = read_curves(session, line, [NAME], from_step=from_step, to_step=to_step)
    return chart[NAME], every[NAME]


def assert_is_exact(chart: Downsampled, every: Curve, points: int = POINTS) -> None:
    """Each bucket tells its own values; all values are in one; none is much larger than others."""
    assert len(chart.steps) == min(points, len(every))
    assert int(chart.counts.sum()) == len(every)
    share = len(every) / points
    assert (np.abs(chart.counts - share) <= share / 2 + 1).all() or len(every) <= points
    ends = np.cumsum(chart.counts)
    for place, (start, end) in enumerate(pairwise([0, *ends.tolist()])):
        expected = downsample(Curve(every.steps[start:end], every.values[start:end]), 1)
        for column in ("steps", "values", "low", "high", "counts"):
            one, other = getattr(chart, column)[place], getattr(expected, column)[0]
            assert one == other or (one != one and other != other), (column, place)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=40), st.integers(1, 30), st.integers(0, 99)
)
def test_buckets_of_buckets_tell_what_buckets_of_the_values_tell(
    sizes: list[int], points: int, seed: int
) -> None:
    every = curve_of(max(1, sum(sizes)), seed=seed)
    parts, start = [as_buckets(Curve(every.steps[:0], every.values[:0]))], 0
    for size in [*sizes, len(every) - sum(sizes)]:
        if size:
            part = Curve(every.steps[start : start + size], every.values[start : start + size])
            parts.append(downsample(part, 1))
            start += size

    chart = merge_buckets(parts, points)

    assert len(chart.steps) <= points or len(chart.steps) == len(parts) - 1
    assert int(chart.counts.sum()) == len(every)
    ends = np.cumsum(chart.counts)
    for place, (begin, end) in enumerate(pairwise([0, *ends.tolist()])):
        expected = downsample(Curve(every.steps[begin:end], every.values[begin:end]), 1)
        assert chart.steps[place] == expected.steps[0]
        assert np.array_equal(chart.low[[place]], expected.low, equal_nan=True)
        assert np.array_equal(chart.high[[place]], expected.high, equal_nan=True)
        assert np.array_equal(chart.values[[place]], expected.values, equal_nan=True)


@pytest.mark.parametrize("size", SIZES)
def test_a_summary_gives_back_what_was_summarized(size: int) -> None:
    every = curve_of(8_192, every=3)

    found = unpack_buckets([pack_buckets(every, size)], size)

    assert found.first.tolist() == every.steps[::size].tolist()
    assert found.last.tolist() == every.steps[size - 1 :: size].tolist()
    expected = downsample(every, 8_192 // size)
    for column in ("steps", "values", "low", "high", "counts"):
        one, other = getattr(found.content, column), getattr(expected, column)
        assert np.array_equal(one, other, equal_nan=True)


@pytest.fixture
def two_attempts(store: Store, run_id: int) -> int:
    """A run of 60,000 values whose second attempt repeats some of the first."""
    record(store, run_id, curve_of(40_000))
    record(store, run_id, curve_of(25_000, first=35_001, seed=1), attempt=2, began=35_000)
    return run_id


def test_a_chart_of_any_range_is_exact_for_its_buckets(store: Store, two_attempts: int) -> None:
    with store.reading() as session:
        for within in RANGES:
            chart, every = drawn(session, two_attempts, within)

            assert_is_exact(chart, every)


def test_random_ranges_of_a_series_with_gaps_are_exact(store: Store, run_id: int) -> None:
    record(store, run_id, curve_of(30_000, every=20))
    rng = np.random.default_rng(7)

    with store.reading() as session:
        for from_step, length in zip(
            rng.integers(0, 600_000, 40), rng.integers(0, 600_000, 40), strict=True
        ):
            chart, every = drawn(session, run_id, (int(from_step), int(from_step + length)))

            assert_is_exact(chart, every)


def test_a_long_curve_is_drawn_without_its_values(store: Store, run_id: int) -> None:
    every = curve_of(50_000)
    record(store, run_id, every)
    with store.writing() as tx:
        joined = CurveChunkRow.count > 512
        tx.session.execute(update(CurveChunkRow).where(joined).values(data=b"not a chunk"))

    with store.reading() as session:
        line = lineage(session, find_run(session, run_id), family=False)
        whole = (None, None)
        chart = draw_curves(session, line, [NAME], within=whole, points=POINTS, smooth_steps=0)

    assert_is_exact(chart[NAME], every)


def test_a_chart_reads_as_many_summaries_for_a_run_of_any_length(store: Store, run_id: int) -> None:
    record(store, run_id, curve_of(70_000))

    with store.reading() as session:
        stored = session.execute(
            select(CurveSummaryRow.size, func.sum(func.length(CurveSummaryRow.data))).group_by(
                CurveSummaryRow.size
            )
        )
        counts = {size: int(length) // 48 for size, length in stored}

    joined = 70_000 // 4_096 * 4_096
    assert counts == {size: joined // size for size in SIZES}


@pytest.mark.parametrize(("place", "jump"), chosen(JUMPS, CURVE_JUMPS))
def test_steps_that_go_back_or_repeat_lose_no_value(
    store: Store, run_id: int, place: int, jump: int
) -> None:
    every = curve_of(20_000)
    every.steps[place:] += jump - 1
    record(store, run_id, every)

    with store.reading() as session:
        chart, found = drawn(session, run_id, (None, None))

    assert len(found) == len(every)
    assert_is_exact(chart, found)


def test_a_database_without_summaries_gets_the_same_ones(store: Store, run_id: int) -> None:
    record(store, run_id, curve_of(70_000))
    went_back = curve_of(20_000)
    went_back.steps[8_192:] -= 100
    with store.writing() as tx:
        values = went_back.values[np.newaxis]
        block = Points(("val/cost",), went_back.steps, values)
        append_points(tx.session, find_run(tx.session, run_id), 1, [block])
    before = summaries(store)
    with store.database.writer.begin() as connection:
        connection.execute(text("DROP TABLE curve_summaries"))
        for name in ("script", "declared", "machine"):  # of a later version
            connection.execute(text(f"ALTER TABLE runs DROP COLUMN {name}"))
        connection.execute(text("ALTER TABLE searches DROP COLUMN script"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0007'"))

    store.database.migrate()

    assert len(before) > len(SIZES)
    assert summaries(store) == before


def summaries(store: Store) -> list[tuple[Any, ...]]:
    columns = CurveSummaryRow.__table__.columns
    with store.reading() as session:
        return sorted(tuple(row) for row in session.execute(select(*columns)))


def test_what_differs_in_a_summary_is_found_and_a_rebuild_mends_it(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    with store.writing() as tx:
        run_id = int(start_run(tx, SPIRALS, {}).id)
    worker = FakeWorker(store.runs_dir / str(run_id))
    rng = np.random.default_rng(3)
    worker.record(1, rng.normal(size=9_000).tolist())
    worker.close()
    Ingest(store).read_to_end(run_id, 1)
    expected = summaries(store)
    with store.writing() as tx:
        row = tx.session.scalars(select(CurveSummaryRow)).first()
        assert row is not None
        row.data = bytes([row.data[0] ^ 1]) + row.data[1:]
    store.close()
    said: list[str] = []

    verify(Settings(data_dir=tmp_path), None, deep=False, report=said.append)
    (tmp_path / DATABASE).unlink()
    rebuild(Settings(data_dir=tmp_path), said.append)

    assert any("curve_summaries 1/train/cost/" in line for line in said), said
    store = store_in(tmp_path)
    assert summaries(store) == expected
    store.close()


def store_in(data_dir: Path) -> Store:
    runs_dir = data_dir / "runs"
    runs_dir.mkdir(exist_ok=True)
    return Store(open_database(f"sqlite:///{data_dir / DATABASE}", runs_dir), runs_dir)

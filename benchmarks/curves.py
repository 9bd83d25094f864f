"""What it takes to read the curves of long runs: `python benchmarks/curves.py [--values 1000000]`.

Stores four series of that many values and of ten times as many, and draws the whole curve, a
window of 500 steps and the same window smoothed, as a request does, encoding included. Beside each
stands the plain way in the same process: every value is read and smoothed, and then drawn. Prints
minima and medians of processor time, which says more than the clock on a machine that others use.
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydantic_core import to_json
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parent.parent))

from app.store.curves.append import append_points
from app.store.curves.curves import lineage, read_curves
from app.store.curves.downsample import Downsampled, downsample
from app.store.curves.drawing import draw_curves
from app.store.curves.smoothing import smoothed
from app.store.engine import Database
from app.store.runs.runs import find_run
from app.store.tables.runs import RunRow
from babysit.storage.journal import Points

NAMES = ("train/cost", "train/accuracy", "val/cost", "grad_norm")
POINTS = 1_000
DIGITS = 5  # as the page asks for
WINDOW = 500
BATCH = 50_000
Drawn = dict[str, Downsampled]
Asked = tuple[tuple[str, ...], range | None, int]


def store_run(database: Database, values: int) -> None:
    rng = np.random.default_rng(0)
    with Session(database.writer) as session, session.begin():
        run = RunRow(
            id=1, family_id=1, name="long", task="none", steps=values, seed=0, values={},
            created_at="", initial_values={}, attempt=1,
        )  # fmt: skip
        session.add(run)
        session.flush()
        opened = None
        for start in range(0, values, BATCH):
            steps = np.arange(start + 1, min(start + BATCH, values) + 1)
            table = np.exp(-steps / values) + rng.normal(size=(len(NAMES), len(steps))) / 10
            opened = append_points(session, run, 1, [Points(NAMES, steps, table)], opened)


def plain(session: Session, names: tuple[str, ...], window: range | None, smooth: int) -> Drawn:
    """Every value read and smoothed, then cut and drawn."""
    line = lineage(session, find_run(session, 1), family=False)
    curves = read_curves(session, line, names)
    bounds = (window[0], window[-1]) if window else (None, None)
    return {
        name: downsample(smoothed(curve, smooth).within(*bounds), POINTS)
        for name, curve in curves.items()
    }


def fast(session: Session, names: tuple[str, ...], window: range | None, smooth: int) -> Drawn:
    line = lineage(session, find_run(session, 1), family=False)
    bounds = (window[0], window[-1]) if window else (None, None)
    return draw_curves(session, line, names, within=bounds, points=POINTS, smooth_steps=smooth)


Draw = Callable[[Session, tuple[str, ...], range | None, int], Drawn]


def measured(database: Database, draw: Draw, asked: Asked, times: int) -> tuple[str, bytes]:
    """What drawing and encoding took, and the body of the answer."""
    took_ms, body = [], b""
    for turn in range(times + 1):
        began = time.process_time()
        with database.reading() as session:
            drawn = draw(session, *asked)
        body = to_json({name: curve.rounded(DIGITS).to_json() for name, curve in drawn.items()})
        if turn:  # the first one compiles the queries
            took_ms.append(1000 * (time.process_time() - began))
    return f"min {min(took_ms):.1f}, median {statistics.median(took_ms):.1f} ms", body


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--values", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=15)
    arguments = parser.parse_args()
    for values in (arguments.values, 10 * arguments.values):
        with tempfile.TemporaryDirectory() as folder:
            database = Database(f"sqlite:///{folder}/babysit.db")
            database.migrate()
            store_run(database, values)
            middle = range(values // 2, values // 2 + WINDOW)
            for what, window, smooth in (
                ("whole", None, 0),
                ("window", middle, 0),
                ("window, smoothed over 20", middle, 20),
                ("window, smoothed over 1,000", middle, 1_000),
            ):
                for names in (NAMES[:1], NAMES):
                    asked = (names, window, smooth)
                    text, body = measured(database, fast, asked, arguments.times)
                    other, _ = measured(database, plain, asked, 2)
                    sent = f"{len(gzip.compress(body, 4)) / 1000:.0f} kB"
                    print(f"{values:,} x {len(names)}, {what}: {text}, {sent}; plain: {other}")
            database.close()


if __name__ == "__main__":
    main()

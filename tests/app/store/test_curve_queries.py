"""How much of the database is looked at for curves: no more for a longer run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.store.curves.chunks import Curve, pack
from app.store.curves.curves import attempts_by_series, lineage, read_curves
from app.store.runs.runs import find_run
from app.store.store import Store
from app.store.tables.runs import CurveChunkRow

CHUNKS = 5_000
VALUES = 8  # in each of them; what is in a chunk does not matter here
OPERATIONS_MAX = 1_000  # of SQLite's machine; a look at every chunk takes ten times as many


class Operations:
    """Counts what SQLite does for a session, in hundreds."""

    def __init__(self, session: Session) -> None:
        self.hundreds = 0
        plain: Any = session.connection().connection.driver_connection
        plain.set_progress_handler(self._count, 100)

    def _count(self) -> int:
        self.hundreds += 1
        return 0


@pytest.fixture
def long_run(store: Store, run_id: int) -> int:
    curve = Curve(np.arange(VALUES, dtype=np.int64), np.zeros(VALUES))
    content = {"count": VALUES, "low": 0.0, "high": 0.0, "attempt": 1, "run_id": run_id}
    rows = []
    for ordinal in range(CHUNKS):
        first = ordinal * VALUES
        data = pack(Curve(curve.steps + first, curve.values))
        place = {"ordinal": ordinal, "first_step": first, "last_step": first + VALUES - 1}
        closed = {"closed": ordinal < CHUNKS - 1, "series": "train/cost", "data": data}
        rows.append({**content, **place, **closed})
    with store.writing() as tx:
        tx.session.execute(insert(CurveChunkRow), rows)
    return run_id


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("from_step", [0, 20_000, CHUNKS * VALUES - 100])
def test_a_range_is_found_without_a_look_at_all_chunks(
    store: Store, long_run: int, from_step: int
) -> None:
    to_step = from_step + 50
    with store.reading() as session:
        line = lineage(session, find_run(session, long_run), family=False)
        operations = Operations(session)

        found = read_curves(session, line, ["train/cost"], from_step=from_step, to_step=to_step)

    assert found["train/cost"].steps.tolist() == list(range(from_step, to_step + 1))
    # To the end of the range the steps of chunks are compared, in the index alone.
    assert operations.hundreds * 100 < OPERATIONS_MAX + 6 * (CHUNKS - from_step // VALUES)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_attempts_of_a_series_are_found_without_a_look_at_all_chunks(
    store: Store, long_run: int
) -> None:
    with store.reading() as session:
        operations = Operations(session)

        found = attempts_by_series(session, long_run, ["train/cost"])

    assert found == {"train/cost": [1]}
    assert operations.hundreds * 100 < OPERATIONS_MAX

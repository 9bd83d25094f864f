"""Server, fork server and workers killed together, again and again, lose and double nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.sizes import CRASHED_AT_ONCE, CRASHES, CRASHES_MIN, CRASHES_WITHIN_S, session_seed
from tests.soak.crashes import Crashes
from tests.soak.soak import Soak

PARALLEL = "9"  # runs: a new one need not wait for those that rest before their next attempt


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_whole_system_crashes_lose_nothing(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seed = session_seed()
    each = -(-CRASHES // CRASHED_AT_ONCE)
    soaks = [
        Soak(
            tmp_path / str(number),
            seed + number,
            people=1,
            nemesis=lambda product, draw: Crashes(product, draw, each),
            BABYSIT_PARALLEL=PARALLEL,
        )
        for number in range(CRASHED_AT_ONCE)
    ]

    with ThreadPoolExecutor(CRASHED_AT_ONCE) as pool:
        reports = list(pool.map(lambda soak: soak.run(CRASHES_WITHIN_S), soaks))

    counts = sum((report.counts for report in reports), Counter[str]())
    record_property("crashes", counts["crashes"])
    record_property("points", counts["points recomputed"])
    told = "\n".join(f"{count:>9,} {name}" for name, count in sorted(counts.items()))
    violations = [sentence for report in reports for sentence in report.violations]
    assert not violations, f"{told}\n" + "\n".join(violations)
    assert counts["crashes"] >= CRASHES_MIN, told
    assert counts["recoveries not verified"] == 0, told

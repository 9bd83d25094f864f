"""What is known of a run's exactness is the worst that its events say."""

from __future__ import annotations

from typing import Any

import pytest

from app.store.event_summary import summarize
from app.store.runs.exactness import NOT_PROVED, combined

EXACT = {"level": "exact", "reasons": [], "proved_at_step": 40}
WORSE = {"level": "approximate", "reasons": ["network.numbers is lost."], "proved_at_step": None}


@pytest.mark.parametrize(
    ("bodies", "level", "reasons", "proved_at"),
    [
        ([], "not proved", [NOT_PROVED], None),
        ([EXACT, {**EXACT, "proved_at_step": 20}], "exact", [], 40),
        ([EXACT, WORSE, WORSE], "approximate", ["network.numbers is lost."], 40),
    ],
)
def test_the_worst_counts(
    bodies: list[dict[str, Any]], level: str, reasons: list[str], proved_at: int | None
) -> None:
    found = combined(bodies)

    assert found == {"level": level, "reasons": reasons, "proved_at_step": proved_at}


def test_an_event_says_it_in_words() -> None:
    assert "up to step 40" in summarize({"kind": "exactness", "step": 40, **EXACT})
    assert summarize({"kind": "exactness", "step": 40, **WORSE}).startswith("Approximate: network")

"""What is said of an exception names its kind and begins with what matters."""

from __future__ import annotations

import pytest

from babysit.training.user_code.failure import (
    REASON_LENGTH_MAX,
    TRACEBACK_LENGTH_MAX,
    reason_of,
    traceback_of,
)


class Silent(Exception):
    """It fails to say what it is."""

    def __str__(self) -> str:
        raise TypeError


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            ValueError("the scale must be positive\nsome hint\nmore"),
            "ValueError: the scale must be",
        ),
        (RuntimeError("\n\n  after empty lines  \nmore"), "RuntimeError: after empty lines"),
        (KeyError("x"), "KeyError: 'x'"),
        (MemoryError(), "MemoryError"),
        (Silent(), f"{__name__}.Silent"),
    ],
)
def test_the_reason_is_the_kind_and_the_first_line(error: Exception, reason: str) -> None:
    assert reason_of(error).startswith(reason)
    assert "\n" not in reason_of(error)
    assert len(reason_of(ValueError("x" * 10_000))) == REASON_LENGTH_MAX


def test_a_long_traceback_loses_only_its_middle() -> None:
    text = traceback_of(ValueError("first" + "x" * TRACEBACK_LENGTH_MAX + "last"))

    assert "ValueError: first" in text
    assert text.rstrip().endswith("last")
    assert "characters left out" in text

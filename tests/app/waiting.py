"""Waits for what happens without a server."""

from __future__ import annotations

import time
from collections.abc import Callable

POLL_EVERY_S = 0.05


def eventually(look: Callable[[], bool], what: str, timeout_s: float = 30.0) -> None:
    """Return when `look` is true.

    Raises:
        AssertionError: it took longer.
    """
    deadline_s = time.monotonic() + timeout_s
    while not look():
        assert time.monotonic() < deadline_s, f"{what}: not within {timeout_s} s"
        time.sleep(POLL_EVERY_S)

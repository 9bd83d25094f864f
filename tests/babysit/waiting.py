"""Bounded waits: for what must come soon, and only while the process lives that it comes from."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

WITHIN_S = 60.0  # the longest wait for anything; a shared machine may be slow
LOOK_EVERY_S = 0.003

Result = TypeVar("Result")


def wait_until(
    look: Callable[[], Result | None],
    *,
    is_alive: Callable[[], bool],
    what: str,
    within_s: float = WITHIN_S,
) -> Result:
    """What `look` finds, which is neither None nor False.

    Raises:
        AssertionError: the time is over, or the process died without it.
    """
    end_s = time.monotonic() + within_s
    while True:
        alive = is_alive()  # asked first: what it said before it died still counts
        found = look()
        if found is not None and found is not False:
            return found
        assert alive, f"the process ended before: {what}"
        assert time.monotonic() < end_s, f"not within {within_s:.0f} s: {what}"
        time.sleep(LOOK_EVERY_S)


def is_running(pid: int) -> bool:
    """Whether the process lives; one that has ended and waits to be collected does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}

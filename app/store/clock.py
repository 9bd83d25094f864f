"""The time that limits in days are counted in, which no change of the machine's clock moves.

While a server runs it advances with the monotonic clock. Between two servers the machine's clock
says how much time went by, but no more than `BETWEEN_SERVERS_S_MAX` is believed. It begins as Unix
time, so the stamps of earlier versions count in it.
"""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Callable
from pathlib import Path

from babysit.storage.atomic import PRIVATE, write_atomic

NAME = "clock.json"
SAVED_EVERY_S = 600.0  # as much may be lost in a crash
BETWEEN_SERVERS_S_MAX = 2 * 24 * 3600.0


class SteadyClock:
    """Continues where an earlier server left off."""

    def __init__(self, path: Path, unix_s: Callable[[], float] = time.time) -> None:
        self._path = path
        self._unix_s = unix_s
        self._began_s = time.monotonic()
        self._began_at_s = self._continued()
        self._saved_s = -math.inf

    def now_s(self) -> float:
        """Seconds; about Unix time, but only differences mean something."""
        return self._began_at_s + time.monotonic() - self._began_s

    def save_if_due(self) -> None:
        if time.monotonic() - self._saved_s >= SAVED_EVERY_S:
            self.save()

    def save(self) -> None:
        """Note the time for the next server; on a full disk it is noted later."""
        self._saved_s = time.monotonic()
        known = {"steady_s": self.now_s(), "unix_s": self._unix_s()}
        with contextlib.suppress(OSError):
            write_atomic(self._path, json.dumps(known), sync=False, mode=PRIVATE)

    def _continued(self) -> float:
        now_s = self._unix_s()
        try:
            known = json.loads(self._path.read_bytes())
            steady_s, unix_s = float(known["steady_s"]), float(known["unix_s"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return now_s
        if not (math.isfinite(steady_s) and math.isfinite(unix_s)):
            return now_s
        return steady_s + min(max(0.0, now_s - unix_s), BETWEEN_SERVERS_S_MAX)

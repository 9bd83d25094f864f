"""Reports workers that make no progress, and ends those that do not stop when asked."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from babysit.protocol.heartbeat import read_heartbeat

TURNS = 20  # a step that takes this many times the average is too long
ASK_AFTER_S = 10.0  # after an unanswered stop: SIGTERM; after as long again: SIGKILL

Send: TypeAlias = Callable[[signal.Signals], bool]  # to the worker; False: it has ended


@dataclass(slots=True)
class Watched:
    """The progress of one attempt. Times are monotonic, in seconds."""

    attempt: int
    began_s: float
    turned_s: float
    iterations: int = 0
    io_error: int = 0
    is_stuck: bool = False
    stop_seen_s: float | None = None
    was_asked: bool = False


class Watchdog:
    """Checks the heartbeat of each worker whenever the launcher does. One thread.

    after_s: the least time without a step after which a worker is reported as stuck.
    """

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._watched: dict[int, Watched] = {}

    def look(self, run_id: int, directory: Path, attempt: int, send: Send) -> str | None:
        """A warning if a worker has become stuck, or works again after that."""
        now_s = time.monotonic()
        watched = self._watched.get(run_id)
        if watched is None or watched.attempt != attempt:
            watched = self._watched[run_id] = Watched(attempt, now_s, now_s)
        beat = read_heartbeat(directory, attempt)
        if beat is not None and beat.io_error != watched.io_error:
            watched.io_error = beat.io_error
            if beat.io_error:
                why = os.strerror(beat.io_error)
                return f"Writing to disk fails ({why}); training is paused until it succeeds."
        if beat is not None and beat.iterations != watched.iterations:
            stuck_s, was_stuck = now_s - watched.turned_s, watched.is_stuck
            watched.iterations, watched.turned_s, watched.is_stuck = beat.iterations, now_s, False
            return f"The worker continues after {stuck_s:.0f} s." if was_stuck else None
        still_s = now_s - watched.turned_s
        if watched.is_stuck or still_s < self._patience_s(watched):
            return None
        watched.is_stuck = True
        send(signal.SIGUSR1)  # it writes its stack into its log
        if watched.iterations == 0:
            return f"Building the task has taken {still_s:.0f} s; the worker's log shows its stack."
        return f"No step for {still_s:.0f} s; the worker's log shows its stack."

    def _patience_s(self, watched: Watched) -> float:
        usual_s = (watched.turned_s - watched.began_s) / max(watched.iterations, 1)
        return max(self._after_s, TURNS * usual_s)

    def enforce_stop(self, run_id: int, send: Send) -> None:
        """See to it that a stop that was asked is done, even by a worker that is stuck.

        Called repeatedly until the command is answered.
        """
        watched, now_s = self._watched.get(run_id), time.monotonic()
        if watched is None:
            return
        watched.stop_seen_s = watched.stop_seen_s or now_s
        silent_s = now_s - max(watched.stop_seen_s, watched.turned_s)
        ask_after_s = min(ASK_AFTER_S, self._after_s)
        if silent_s > 2 * ask_after_s:
            send(signal.SIGKILL)
        elif silent_s > ask_after_s and not watched.was_asked:
            watched.was_asked = send(signal.SIGTERM)

    def forget(self, run_id: int) -> None:
        """Forget a run that is over."""
        self._watched.pop(run_id, None)

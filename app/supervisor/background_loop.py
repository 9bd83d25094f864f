"""A thread that repeats one piece of work until it is closed, and reports what fails."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError
from sqlalchemy.exc import ProgrammingError as BadStatement
from sqlalchemy.exc import TimeoutError as PoolTimeout

log = logging.getLogger(__name__)

CLOSED_WITHIN_S = 30.0
RETRY_S = 1.0  # after the database or the disk failed
RETRY_S_MAX = 60.0  # after a programming error, which may be there to stay
ENVIRONMENT = (DBAPIError, PoolTimeout, OSError)  # what a busy or full machine raises
OUR_MISTAKES = (BadStatement, IntegrityError, DataError, NotSupportedError)  # among those

Result = TypeVar("Result")


@dataclass(slots=True)
class _Failure:
    """What failed last, how often in a row, and when it may be tried again (monotonic)."""

    is_bug: bool
    count: int
    retry_at_s: float


class Wake(Protocol):
    """What ends the waiting of a loop: a `threading.Event`, or a `FileWatch`."""

    def set(self) -> None: ...

    def clear(self) -> None: ...

    def wait(self, timeout_s: float, /) -> object: ...


class BackgroundLoop:
    """Calls `turn` again and again in its own thread.

    turn: one turn; returns how many seconds the next one may wait unless `wake` is called.
    wake: what else may begin a turn, such as a file that has grown.
    """

    def __init__(self, name: str, turn: Callable[[], float], wake: Wake | None = None) -> None:
        self.name = name
        self._turn = turn
        self._wake = wake or threading.Event()
        self._closing = threading.Event()
        self._failures: dict[str, _Failure] = {}
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; once is enough."""
        if self._thread.ident is None:
            self._thread.start()

    def wake(self) -> None:
        """Begin the next turn now."""
        self._wake.set()

    @property
    def is_closing(self) -> bool:
        return self._closing.is_set()

    def request_close(self) -> None:
        """End after the current turn."""
        self._closing.set()
        self._wake.set()

    def close(self) -> None:
        """End, and wait for it; not longer than a turn may reasonably take."""
        self.request_close()
        if self._thread.is_alive():
            self._thread.join(CLOSED_WITHIN_S)
            if self._thread.is_alive():
                log.warning("%s did not end within %.0f s", self.name, CLOSED_WITHIN_S)

    def pause(self, seconds: float) -> None:
        """Wait within a turn. What wakes the loop meanwhile belongs to this turn."""
        self._closing.wait(seconds)
        self._clear_wake()

    def warnings(self) -> list[str]:
        """What keeps failing because of a programming error, unless it is not tried any more."""
        since_s = time.monotonic() - RETRY_S_MAX
        return [
            f"The background work “{what}” keeps failing. The server's log has the error."
            for what, failure in list(self._failures.items())
            if failure.is_bug and failure.retry_at_s > since_s
        ]

    def attempt(self, what: str, act: Callable[[], Result], otherwise: Result) -> Result:
        """Do a part of a turn. One that fails does not end the turn, and is retried later.

        Returns:
            The result of `act`; `otherwise` when it failed or is not to be retried yet.
        """
        failure = self._failures.get(what)
        if failure is not None and time.monotonic() < failure.retry_at_s:
            return otherwise
        try:
            result = act()
        except Exception as error:
            self._note_failure(what, error)
            return otherwise
        self._failures.pop(what, None)
        return result

    def _note_failure(self, what: str, error: Exception) -> None:
        is_bug = isinstance(error, OUR_MISTAKES) or not isinstance(error, ENVIRONMENT)
        before = self._failures.get(what)
        count = before.count + 1 if before is not None and before.is_bug == is_bug else 1
        pause_s = min(RETRY_S_MAX, RETRY_S * 2 ** min(count - 1, 10)) if is_bug else RETRY_S
        if is_bug:
            log.error("%s failed because of a programming error", what, exc_info=error)
        else:
            log.warning("%s failed, trying again: %s", what, error)
        self._failures[what] = _Failure(is_bug, count, time.monotonic() + pause_s)

    def _clear_wake(self) -> None:
        self._wake.clear()
        if self.is_closing:  # whose wake may just have been cleared
            self._wake.set()

    def _run(self) -> None:
        while not self.is_closing:
            self._clear_wake()
            pause_s = self.attempt(self.name, self._turn, None)
            if pause_s is not None:
                self._wake.wait(pause_s)
            else:  # nothing that happens meanwhile makes the next turn sooner
                self._closing.wait(self._failures[self.name].retry_at_s - time.monotonic())

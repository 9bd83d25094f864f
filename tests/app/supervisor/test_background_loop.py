"""A loop retries what fails, and a programming error does not look like a busy disk."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from app.main import create_app
from app.settings import Settings
from app.supervisor.background_loop import RETRY_S, BackgroundLoop
from app.web.routes.health import health

BUSY = OperationalError("SELECT 1", {}, Exception("database is locked"))
NOT_UNIQUE = IntegrityError("INSERT", {}, Exception("UNIQUE constraint failed"))


class Turns:
    """The turns of a loop: each raises the next planted error, and then none."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.began_s: list[float] = []
        self.done = threading.Event()

    def __call__(self) -> float:
        self.began_s.append(time.monotonic())
        if self.errors:
            raise self.errors.pop(0)
        self.done.set()
        return 60.0


def run_until_done(turns: Turns) -> BackgroundLoop:
    loop = BackgroundLoop("reading", turns)
    loop.start()
    assert turns.done.wait(30)
    loop.close()
    return loop


@pytest.mark.parametrize("error", [BUSY, OSError("No space left on device")])
def test_a_busy_database_or_disk_is_retried_with_a_warning(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    run_until_done(Turns(error, error))

    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert all(record.exc_info is None for record in caplog.records)


@pytest.mark.parametrize("error", [KeyError("planted"), NOT_UNIQUE])
def test_a_programming_error_is_logged_with_its_traceback_and_retried_later_each_time(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    turns = Turns(error, error)
    run_until_done(turns)

    first, second, third = turns.began_s
    assert second - first >= RETRY_S
    assert third - second >= 2 * RETRY_S
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    assert "Traceback" in caplog.text


def test_waking_a_loop_that_failed_does_not_make_it_busy() -> None:
    turns = Turns(KeyError("planted"), KeyError("planted"))
    loop = BackgroundLoop("reading", turns)
    loop.start()
    began_s = time.monotonic()
    while not turns.done.wait(0.01) and time.monotonic() - began_s < RETRY_S / 2:
        loop.wake()
    loop.close()

    assert len(turns.began_s) == 1


def test_a_loop_that_waits_is_woken_and_closed_at_once() -> None:
    turns = Turns()
    loop = BackgroundLoop("reading", turns)
    loop.start()
    assert turns.done.wait(30)
    turns.done.clear()
    loop.wake()
    assert turns.done.wait(30)
    began_s = time.monotonic()
    loop.close()

    assert time.monotonic() - began_s < 30  # of 60


def test_a_part_that_fails_does_not_stop_the_others() -> None:
    loop = BackgroundLoop("searches", lambda: 1.0)
    calls = []

    def broken() -> int:
        calls.append("broken")
        raise KeyError("planted")

    results = [loop.attempt("search 1", broken, 0), loop.attempt("search 2", lambda: 2, 0)]
    again = loop.attempt("search 1", broken, 0)

    assert (results, again) == ([0, 2], 0)
    assert calls == ["broken"]  # it is not retried yet
    assert [warning for warning in loop.warnings() if "search 1" in warning] == loop.warnings()


def test_health_names_what_fails_until_it_works_again(tmp_path: Path) -> None:
    application = create_app(Settings(data_dir=tmp_path / "var"))
    state = application.api.state.app_state
    loop = application.supervisor.ingest.loop
    before = health(state).warnings

    loop.attempt("ingest", lambda: 1 // 0, 0)
    during = health(state).warnings
    loop.pause(RETRY_S)
    loop.attempt("ingest", lambda: 0, 0)
    after = health(state).warnings
    application.store.close()

    assert [warning for warning in during if warning not in before] == [
        "The background work “ingest” keeps failing. The server's log has the error."
    ]
    assert after == before

"""Limits in days are counted in a time that no change of the machine's clock moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.security.tokens import Tokens
from app.store.clock import BETWEEN_SERVERS_S_MAX, NAME, SteadyClock
from app.store.idempotency import KEPT_S, find_response, save_response
from app.store.sessions import SESSION_S_MAX, Sessions
from app.store.store import Store

DAY_S = 24 * 3600.0
YEARS_S = 10 * 365 * DAY_S


@pytest.mark.parametrize("jump_s", [YEARS_S, -YEARS_S, -3600.0])
def test_a_jump_of_the_clock_ends_no_session_and_forgets_no_answer(
    store: Store, monkeypatch: pytest.MonkeyPatch, jump_s: float
) -> None:
    tokens = Tokens(store.runs_dir.parent, None)
    sessions = Sessions(store, tokens)
    cookie = sessions.sign_in("owner", tokens.of("owner"))
    answer(store, "before")
    began_s = store.clock.now_s()

    # The jump that is tried: the clock of the machine itself must not be touched.
    monkeypatch.setattr("time.time", lambda: began_s + jump_s)

    answer(store, "after")
    sessions.keep_valid()
    assert sessions.role(cookie) == "owner"
    assert Sessions(store, tokens).role(cookie) == "owner"
    with store.writing() as tx:
        assert find_response(tx, "before", "") is not None


def answer(store: Store, key: str) -> None:
    with store.writing() as tx:
        save_response(tx, key, "", (200, {}), store.clock.now_s())


def test_the_time_between_two_servers_counts_as_far_as_it_can_be_believed(tmp_path: Path) -> None:
    first = SteadyClock(tmp_path / NAME, lambda: 1e9)
    first.save()

    def later(by_s: float) -> float:
        return SteadyClock(tmp_path / NAME, lambda: 1e9 + by_s).now_s() - first.now_s()

    assert later(DAY_S) == pytest.approx(DAY_S, abs=1)
    assert later(-YEARS_S) == pytest.approx(0, abs=1)
    assert later(YEARS_S) == pytest.approx(BETWEEN_SERVERS_S_MAX, abs=1)
    assert BETWEEN_SERVERS_S_MAX <= KEPT_S < SESSION_S_MAX


@pytest.mark.parametrize("text", ["", "{}", '{"steady_s": "x", "unix_s": 1}', "[" * 9999, "NaN"])
def test_a_damaged_file_is_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)

    assert SteadyClock(tmp_path / NAME, lambda: 1e9).now_s() == pytest.approx(1e9, abs=1)

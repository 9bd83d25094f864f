"""Viewers cannot use up what the owner needs."""

from __future__ import annotations

import contextlib
import socket
from urllib.parse import urlsplit

import pytest

from app import limits
from app.errors import TooManyRequests
from app.security.tokens import OWNER, VIEWER
from app.web.shares import Holder, Shares
from tests.live_server import TOKEN, LiveServer


def taken(shares: Shares, holder: Holder, count: int) -> int:
    """How many of so many are given."""
    given = 0
    for _ in range(count):
        with contextlib.suppress(TooManyRequests):
            shares.take(holder)
            given += 1
    return given


def test_one_viewer_leaves_some_to_other_viewers_and_all_viewers_leave_some_to_the_owner() -> None:
    shares = Shares("streams", lambda: limits.STREAMS_MAX)
    viewers = [Holder(VIEWER, str(number)) for number in range(3)]

    given = [taken(shares, viewer, limits.STREAMS_MAX) for viewer in viewers]
    owners = taken(shares, Holder(OWNER, ""), limits.STREAMS_MAX)

    assert given == [256, 192, 0]
    assert owners == limits.STREAMS_MAX - limits.VIEWERS_SHARE_MAX == 64


def test_the_owner_may_have_all() -> None:
    shares = Shares("streams", lambda: 10)

    assert taken(shares, Holder(OWNER, ""), 20) == 10


@pytest.mark.parametrize("most", [1, 2, 8, 32])
def test_shares_shrink_with_the_limit(most: int) -> None:
    shares = Shares("streams", lambda: most)

    for number in range(3):
        taken(shares, Holder(VIEWER, str(number)), most)

    assert taken(shares, Holder(OWNER, ""), most) >= min(1, most - 1)


def test_what_is_given_back_can_be_taken_again() -> None:
    shares, viewer = Shares("streams", lambda: 2), Holder(VIEWER, "")

    with shares.held(viewer), pytest.raises(TooManyRequests), shares.held(viewer):
        pass

    shares.take(viewer)


def test_one_viewer_cannot_keep_the_owner_from_watching(shared: LiveServer) -> None:
    viewer = (shared.data_dir / "viewer-token").read_text().strip()
    place = urlsplit(shared.url)

    with contextlib.ExitStack() as links:

        def stream(token: str) -> bytes:
            address = (str(place.hostname), place.port or 0)
            link = links.enter_context(socket.create_connection(address, timeout=30))
            link.sendall(
                f"GET /api/stream HTTP/1.1\r\nHost: {place.netloc}\r\n"
                f"Authorization: Bearer {token}\r\n\r\n".encode()
            )
            return link.recv(200).split(b" ")[1]

        codes = [stream(viewer) for _ in range(limits.ONE_VIEWERS_SHARE_MAX + 3)]

        assert set(codes[: limits.ONE_VIEWERS_SHARE_MAX]) == {b"200"}
        assert codes[limits.ONE_VIEWERS_SHARE_MAX :] == [b"429"] * 3
        assert stream(TOKEN) == b"200"

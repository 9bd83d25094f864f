"""Answers are compressed for clients that take gzip; streams and small answers are not."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from app.web.compression import takes_gzip
from tests.live_server import LiveServer


def ask(server: LiveServer, path: str, accept: str | None) -> tuple[dict[str, str], bytes]:
    """Headers and body as they were sent."""
    with server.client.stream("GET", path, headers={"Accept-Encoding": accept or ""}) as answer:
        assert answer.status_code == 200
        return dict(answer.headers), b"".join(answer.iter_raw())


@pytest.mark.parametrize("path", ["/api/tasks", "/api/openapi.json"])
def test_a_long_answer_is_compressed_for_clients_that_take_it(
    shared: LiveServer, path: str
) -> None:
    plain_headers, plain = ask(shared, path, "identity")
    headers, body = ask(shared, path, "gzip, deflate, br")

    assert headers["content-encoding"] == "gzip"
    assert int(headers["content-length"]) == len(body) < len(plain) / 2
    assert gzip.decompress(body) == plain
    assert "content-encoding" not in plain_headers
    assert headers["vary"] == plain_headers["vary"] == "Accept-Encoding"
    assert headers["x-content-type-options"] == "nosniff"


def test_a_short_answer_is_sent_as_it_is(shared: LiveServer) -> None:
    headers, body = ask(shared, "/api/health", "gzip")

    assert "content-encoding" not in headers
    assert body.startswith(b"{")


def test_a_stream_is_not_compressed_so_that_no_event_waits(
    shared: LiveServer, ended: dict[str, Any]
) -> None:
    accept = {"Accept-Encoding": "gzip"}
    path = f"/api/stream?runs={ended['id']}"

    with shared.client.stream("GET", path, headers=accept) as answer:
        first = next(answer.iter_raw())

        assert "content-encoding" not in answer.headers
        assert first.startswith(b"retry: ")


def test_an_export_is_compressed_while_it_is_made(
    shared: LiveServer, ended: dict[str, Any]
) -> None:
    path = f"/api/runs/{ended['id']}/export?format=csv"

    _, plain = ask(shared, path, None)
    headers, body = ask(shared, path, "gzip")

    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(body) == plain


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP;Q=0.5", True),
        ("x-gzip", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip ; q=0.000, br", False),
        ("*", True),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("identity", False),
        ("notgzip", False),
        ("gzip;q=2", False),
        (";;;,,gzip;q=,=", False),
    ],
)
def test_accept_encoding_is_read_by_the_standard(header: str, takes: bool) -> None:
    assert takes_gzip(header) is takes


def test_digits_round_what_was_measured_and_no_setting(
    shared: LiveServer, ended: dict[str, Any]
) -> None:
    path = f"/api/runs/{ended['id']}/curves?series=train/cost,learning_rate"

    exact = shared.client.get(path).json()["series"]
    short = shared.client.get(f"{path}&digits=3").json()["series"]

    assert short["learning_rate"] == exact["learning_rate"]
    for column in ("value", "min", "max"):
        expected = [float(f"{value:.2e}") for value in exact["train/cost"][column]]
        assert short["train/cost"][column] == expected
    assert short["train/cost"]["step"] == exact["train/cost"]["step"]
    for wrong in (0, -1, 13, "all"):
        assert shared.client.get(f"{path}&digits={wrong}").status_code == 422

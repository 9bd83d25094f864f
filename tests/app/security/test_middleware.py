"""Who gets in, over sockets: hosts, origins, content types and credentials."""

from __future__ import annotations

import contextlib
import itertools
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.live_server import TOKEN, LiveServer, web_client

BEARER = f"Bearer {TOKEN}"
JSON = "application/json"


# A look, a change, a stream and a file: tests/security/test_access_matrix.py has every route.
ROUTES = [
    ("GET", "/api/runs"),
    ("POST", "/api/runs"),
    ("DELETE", "/api/runs/1"),
    ("GET", "/api/stream"),
    ("GET", "/api/openapi.json"),
]


def ask(server: LiveServer, method: str, path: str, **headers: str) -> int:
    """The status code of a bare request: no header but these and what HTTP needs."""
    content = b"{}" if method not in ("GET", "HEAD", "OPTIONS") else None
    with web_client(server.url) as client:
        client.headers.clear()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with client.stream(method, path, headers=named, content=content) as answer:
            return answer.status_code


def test_no_route_answers_without_credentials(shared: LiveServer) -> None:
    for method, path in ROUTES:
        for method_too in {method, "OPTIONS", "HEAD", "DELETE", "PUT", "PATCH", "POST"}:
            code = ask(shared, method_too, path, content_type=JSON, origin=shared.url)
            assert code == 401, (method_too, path)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.nip.io",
        "localhost.evil.example",
        "localhost.",
        "0.0.0.0",
        "2130706433",
        "127.0.0.1@evil.example",
        "[::ffff:7f00:1]",
        "127.0.0.1:",
        "127.0.0.1:99999",
        "127.0.0.1:" + "1" * 5_000,
        "127.0.0.1:8000:8000",
        "",
    ],
)
def test_other_hosts_get_nothing(shared: LiveServer, host: str) -> None:
    for method, path in [*ROUTES, ("GET", "/"), ("GET", "/assets/x.js")]:
        headers = {"content_type": JSON, "authorization": BEARER}
        assert ask(shared, method, path, host=host, **headers) == 421, (method, path)


@pytest.mark.parametrize("host", ["localhost:1234", "LOCALHOST", "[::1]:9", "127.0.0.1"])
def test_loopback_names_on_any_port_are_ours(shared: LiveServer, host: str) -> None:
    assert ask(shared, "GET", "/api/runs", host=host, authorization=BEARER) == 200


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "http://evil.example",
        "http://localhost:1",
        "https://{own}",
        "http://{own}.evil.example",
        "http://evil.example/{own}",
        "http://{own}/",
        "{own}",
        "http://x@{own}",
    ],
)
def test_other_origins_get_nothing_even_with_the_token(shared: LiveServer, origin: str) -> None:
    named = origin.replace("{own}", shared.url.removeprefix("http://"))
    for method, path in ROUTES:
        code = ask(shared, method, path, origin=named, content_type=JSON, authorization=BEARER)
        assert code == 403, (method, path)


def test_changes_need_the_content_type_json(shared: LiveServer) -> None:
    types = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "",
        "application/jsonx",
        "text/json",
    ]
    for (method, path), content_type in itertools.product(ROUTES, types):
        if method != "GET":
            headers = {"content_type": content_type, "origin": shared.url}
            code = ask(shared, method, path, authorization=BEARER, **headers)
            assert code == 415, (method, path, content_type)
    assert ask(shared, "POST", "/api/runs", authorization=BEARER) == 415


def test_a_change_by_cookie_must_come_from_the_page_itself(
    shared: LiveServer, ended: dict[str, Any]
) -> None:
    path = f"/api/runs/{ended['id']}/notes"
    for headers, code in [
        ({}, 403),
        ({"Origin": "http://localhost:1"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Origin": shared.url}, 201),
        ({"Origin": shared.url, "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": shared.url, "Sec-Fetch-Site": "same-site"}, 403),
        ({"Authorization": "Basic YTpi"}, 403),
    ]:
        with signed_in(shared) as client:
            answer = client.post(path, json={"text": "hello"}, headers=headers)
        assert answer.status_code == code, headers


def test_other_sites_may_link_to_the_page_and_read_nothing(shared: LiveServer) -> None:
    cross = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    with signed_in(shared) as client:
        assert client.get("/", headers=cross).status_code in (200, 503)
        assert client.get("/api/runs", headers=cross).status_code == 403
        assert client.get("/api/runs", headers={"Sec-Fetch-Site": "none"}).status_code == 200


@contextlib.contextmanager
def signed_in(server: LiveServer) -> Iterator[httpx.Client]:
    with web_client(server.url) as client:
        answer = client.post("/api/session", json={"token": TOKEN}, headers={"Origin": server.url})
        assert answer.status_code == 204
        yield client


def test_a_cookie_stands_for_the_token_until_it_signs_out(shared: LiveServer) -> None:
    with signed_in(shared) as client:
        assert client.get("/api/session").json() == {"role": "owner"}
        cookie = dict(client.cookies)
        answer = client.request(
            "DELETE",
            "/api/session",
            headers={"Origin": shared.url, "Content-Type": JSON},
        )
        assert answer.status_code == 204
        assert client.get("/api/session").status_code == 401
        client.cookies.update(cookie)  # kept by somebody else
        assert client.get("/api/session").status_code == 401


def test_the_cookie_is_for_http_and_this_site_only(shared: LiveServer) -> None:
    with web_client(shared.url, headers={"Origin": shared.url}) as client:
        answer = client.post("/api/session", json={"token": TOKEN})

    cookie = answer.headers["set-cookie"].lower()

    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert TOKEN.lower() not in cookie


@pytest.mark.parametrize("token", ["wrong", TOKEN[:-1], TOKEN.upper(), "é"])
def test_a_wrong_token_is_no_token(shared: LiveServer, token: str) -> None:
    sent = {b"Authorization": f"Bearer {token}".encode()}
    with web_client(shared.url) as client:
        assert client.get("/api/runs", headers=sent).status_code == 401
        answer = client.post("/api/session", json={"token": token}, headers={"Origin": shared.url})
        assert answer.status_code == 401
        assert client.get("/api/runs", params={"token": TOKEN, "t": TOKEN}).status_code == 401


def test_every_answer_carries_the_security_headers(shared: LiveServer) -> None:
    roles: tuple[dict[str, str], ...] = (
        {"Authorization": BEARER}, {"Host": "evil.example"}, {},
    )  # fmt: skip
    paths = ("/", "/api/health", "/api/runs", "/api/runs/999999", "/nothing.js", "/api/nope")
    with web_client(shared.url) as client:
        for path, headers in itertools.product(paths, roles):
            answer = client.get(path, headers=headers)
            policy = answer.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert "access-control-allow-origin" not in answer.headers
            if path.startswith("/api"):
                assert answer.headers["cache-control"] == "no-store"


def raw(server: LiveServer, request: bytes) -> bytes:
    """What comes back on a bare socket."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(request)
        answer = b""
        with contextlib.suppress(ConnectionResetError):  # it did not want to hear the rest
            while chunk := connection.recv(65536):
                answer += chunk
    return answer


@pytest.mark.parametrize("origin", [b"http://evil.example", b"null", b"own"])
def test_no_websocket_is_ever_accepted(shared: LiveServer, origin: bytes) -> None:
    origin = shared.url.encode() if origin == b"own" else origin
    for path in (b"/", b"/api/stream", b"/ws"):
        answer = raw(
            shared,
            b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\n"
            b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: " + origin + b"\r\n\r\n",
        )
        assert b" 101 " not in answer.split(b"\r\n")[0]


def test_two_hosts_or_none_are_refused(shared: LiveServer) -> None:
    two = b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    none = b"GET / HTTP/1.0\r\n\r\n"

    assert b" 400 " in raw(shared, two).split(b"\r\n")[0]
    assert b" 400 " in raw(shared, none).split(b"\r\n")[0]


def test_a_large_body_is_refused_before_it_is_read(shared: LiveServer) -> None:
    head = (
        f"POST /api/runs HTTP/1.1\r\nHost: localhost\r\nAuthorization: {BEARER}\r\n"
        f"Content-Type: {JSON}\r\nConnection: close\r\n"
    ).encode()

    declared = raw(shared, head + b"Content-Length: 50000000\r\n\r\n")
    chunked = raw(
        shared,
        head
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + b"".join(b"10000\r\n" + b" " * 0x10000 + b"\r\n" for _ in range(16)),
    )  # it never ends, and is not waited for

    assert b" 413 " in declared.split(b"\r\n")[0]
    assert not chunked or b" 413 " in chunked.split(b"\r\n")[0]

"""Who gets in, over sockets: hosts, origins, content types and credentials."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

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


@pytest.mark.parametrize("order", ["{mine}; {other}", "{other}; {mine}", "{mine}; {viewer}"])
def test_signing_out_ends_every_session_that_the_browser_sends(
    order: str, shared: LiveServer
) -> None:
    """Cookies know no ports: a page on another port can add one of the same name."""
    own = {"Origin": shared.url, "Content-Type": JSON}
    with web_client(shared.url, headers=own) as client:
        cookies = {}
        for who, token in (("mine", TOKEN), ("viewer", viewer_token(shared))):
            answer = client.post("/api/session", json={"token": token})
            cookies[who] = answer.headers["set-cookie"].partition(";")[0]
            client.cookies.clear()
        name = cookies["mine"].partition("=")[0]
        both = order.format(other=f"{name}=tossed", **cookies)
        role = client.get("/api/session", headers={"Cookie": both}).json()["role"]

        signed_out = client.request("DELETE", "/api/session", headers={"Cookie": both})

        assert role == ("viewer" if "viewer" in order else "owner")  # the lesser of the two
        assert signed_out.status_code == 204
        for who in ("mine", "viewer") if "viewer" in order else ("mine",):
            answer = client.get("/api/session", headers={"Cookie": cookies[who]})
            assert answer.status_code == 401, who


def viewer_token(server: LiveServer) -> str:
    return (server.data_dir / "viewer-token").read_text().strip()


@pytest.mark.parametrize(
    "twice",
    ["Authorization", "Origin", "Sec-Fetch-Site", "Content-Type", "Idempotency-Key"],
)
def test_a_header_that_decides_something_may_not_occur_twice(
    twice: str, shared: LiveServer
) -> None:
    values = {
        "Authorization": BEARER,
        "Origin": shared.url,
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": JSON,
        "Idempotency-Key": "twice",
    }
    headers = [*values.items(), (twice, values[twice])]
    with web_client(shared.url) as client:
        answer = client.post("/api/runs", headers=headers, content=b"{}")

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid"


@pytest.mark.parametrize("target", ["POST /api/runs/1/notes", "GET /api/health", "GET /"])
@pytest.mark.parametrize(
    "lengths",
    [
        "Content-Length: {n}\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: {n}",
        "Content-Length: 0\r\nTransfer-Encoding: chunked",
        "Content-Length: {n}\r\nContent-Length: 0",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
    ],
)
def test_a_message_of_two_lengths_is_rejected_and_ends_the_connection(
    lengths: str, target: str, shared: LiveServer
) -> None:
    host = f"Host: {shared.url.removeprefix('http://')}\r\nAuthorization: {BEARER}\r\n"
    body = f"0\r\n\r\nGET /api/session HTTP/1.1\r\n{host}\r\n"
    head = f"{target} HTTP/1.1\r\n{host}Content-Type: {JSON}\r\n{lengths.format(n=len(body))}"

    said = exchange(shared, f"{head}\r\n\r\n{body}".encode())

    assert said.count(b"HTTP/1.1 ") == 1
    assert said.startswith(b"HTTP/1.1 400 ")
    assert b'"role"' not in said
    assert b"application/json" in said
    assert b"content-security-policy" in said.lower()


@pytest.mark.parametrize(
    "garbage",
    [
        b"\r\n\r\n\x00\x01\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 40_000,
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
        b"GET / HTTP/1.1\nHost: localhost\n\n",
        b"GET / HTTP/1.1\r\nHost: localhost\nX: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\rY: b\r\n\r\n",
    ],
)
def test_what_is_not_http_gets_an_error_of_the_usual_form_and_no_line_in_the_log(
    garbage: bytes, shared: LiveServer
) -> None:
    before = shared.output

    said = exchange(shared, garbage)

    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"x-content-type-options: nosniff" in head.lower()
    assert json.loads(body)["error"] == "invalid"
    assert shared.output == before


def exchange(server: LiveServer, sent: bytes) -> bytes:
    """Everything that the server says to these bytes until it closes the connection."""
    place = urlsplit(server.url)
    with socket.create_connection((str(place.hostname), place.port or 0), timeout=10) as link:
        link.sendall(sent)
        said = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := link.recv(65_536):
                said += piece
        return said


@pytest.mark.parametrize("other", ["0{}", "%2B{}", "{}%20", "%20{}", "{}.0", "{}_0", "%EF%BC%91"])
def test_a_run_has_one_address(other: str, shared: LiveServer, ended: dict[str, Any]) -> None:
    path = f"/api/runs/{other.format(ended['id'])}"

    for address in (path, f"{path}/events", f"{path}/export?format=json"):
        assert shared.client.get(address).status_code == 404, address


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

"""Whoever sends too much, too slowly or too often costs the server no memory and nobody's time."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app import limits
from tests.conftest import knowing_the_tasks
from tests.live_server import LiveServer, serving
from tests.security.raw_http import Connection
from tests.sizes import FLOODS

GROWS_BY_MAX = 50 * 2**20
CONNECTIONS = 200
ANSWERED_WITHIN_S = 2.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, descriptions: Path) -> Iterator[LiveServer]:
    folder = knowing_the_tasks(tmp_path_factory.mktemp("memory") / "var", descriptions)
    with serving(folder, "--no-demo") as live:
        run = live.start_run("spirals", steps=12)["id"]
        live.wait_for_status(run, "finished")
        for body in (b"[" * 30 + b"]" * 30, b"x", b'{"task": 1}'):  # what is loaded at first use
            live.client.post(
                "/api/runs", content=body, headers={"Content-Type": "application/json"}
            )
        yield live


def memory_bytes(server: LiveServer) -> int:
    """What the server's process holds in memory just now."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


@contextlib.contextmanager
def stays_small(server: LiveServer) -> Iterator[None]:
    """The server holds no more after the block, give or take, and has answered all the while."""
    before = memory_bytes(server)
    yield
    began_s = time.monotonic()
    assert server.client.get("/api/health").status_code == 200
    assert time.monotonic() - began_s < ANSWERED_WITHIN_S
    assert memory_bytes(server) - before < GROWS_BY_MAX


def head(server: LiveServer, method: str, path: str, *lines: str) -> bytes:
    host = server.url.removeprefix("http://")
    named = [f"Host: {host}", f"Authorization: Bearer {server.token}", *lines]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *named, "", ""]).encode()


def status_of(server: LiveServer, request: bytes) -> int:
    with contextlib.closing(Connection(server.url)) as connection:
        connection.send(request)
        return connection.receive().status


BODIES: dict[str, Callable[[int], bytes]] = {
    "spaces": lambda size: b" " * size,
    "one text": lambda size: b'{"task": "' + b"x" * (size - 12) + b'"}',
    "many numbers": lambda size: b"[" + b"1," * ((size - 3) // 2) + b"1]",
    "many objects": lambda size: b"[" + b"{}," * ((size - 4) // 3) + b"{}]",
    "many keys": lambda size: (
        b"{" + b",".join(b'"%d":1' % number for number in range(size // 11)) + b"}"
    ),
    "deep": lambda size: b"[" * size,
    "no text": lambda size: b"\xff" * size,
    "quotes": lambda size: b'"' * size,
    "backslashes": lambda size: b'"' + b"\\" * (size - 1),
}


@pytest.mark.parametrize("kind", BODIES)
def test_bodies_around_the_limit(server: LiveServer, kind: str) -> None:
    limit = limits.BODY_BYTES_MAX
    with stays_small(server):
        for size in (limit - 1_000, limit, limit + 1, 4 * limit) * FLOODS:
            body = BODIES[kind](size)[:size]
            length = f"Content-Length: {len(body)}"
            kinds = "Content-Type: application/json"
            status = status_of(server, head(server, "POST", "/api/runs", kinds, length) + body)
            assert status in ((422,) if len(body) <= limit else (0, 413)), (kind, size)


def test_recipes_around_their_limit(server: LiveServer) -> None:
    """The largest body there is; a text that looks like a recipe, and is none."""
    limit = limits.RECIPE_BODY_BYTES_MAX
    with stays_small(server):
        for size in (limit - 1_000, limit + 1):
            body = b'{"recipe": "' + b"a: [[[[1]]]]\\n" * ((size - 20) // 14)
            body = body.ljust(size - 2, b" ") + b'"}'
            length = f"Content-Length: {len(body)}"
            kinds = "Content-Type: application/json"
            status = status_of(server, head(server, "POST", "/api/replays", kinds, length) + body)
            assert status in ((422,) if size <= limit else (0, 413)), size


def test_bodies_that_do_not_say_how_long_they_are(server: LiveServer) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    chunked = head(
        server, "POST", "/api/runs", "Content-Type: application/json", "Transfer-Encoding: chunked"
    )
    with stays_small(server):
        for _ in range(20):
            assert status_of(server, chunked + chunk * 64) in (0, 413)


def test_many_headers_and_long_ones(server: LiveServer) -> None:
    many = [f"X-{number}: {'a' * 20}" for number in range(5_000)]
    with stays_small(server):
        for lines in (many, many[:400], ["X: " + "a" * 30_000], ["Cookie: " + "a=b; " * 4_000]):
            for _ in range(20):
                assert status_of(server, head(server, "GET", "/api/runs", *lines)) in (
                    0,
                    200,
                    400,
                    431,
                )
        for _ in range(20):
            ranges = "Range: bytes=" + ",".join(f"{number}-" for number in range(2_000))
            assert status_of(server, head(server, "GET", "/", ranges)) in (200, 206, 400, 416, 503)


def test_two_hundred_who_send_slowly_and_two_hundred_who_do_not_read(server: LiveServer) -> None:
    """Half a head, half a body, an answer that nobody takes: meanwhile others are answered."""
    limit = limits.BODY_BYTES_MAX
    slow_head = head(server, "GET", "/api/runs")[:-2]
    length, kind = f"Content-Length: {limit}", "Content-Type: application/json"
    slow_body = head(server, "POST", "/api/runs", kind, length) + b" " * 50_000
    deaf = head(server, "GET", "/api/tasks")
    host, _, port = server.url.removeprefix("http://").partition(":")
    with stays_small(server), contextlib.ExitStack() as held:
        sockets = []
        for number in range(2 * CONNECTIONS):
            one = held.enter_context(socket.create_connection((host, int(port)), timeout=5))
            one.sendall((slow_head, slow_body, deaf, deaf * 50)[number % 4])
            sockets.append(one)
        for _ in range(10):
            began_s = time.monotonic()
            assert server.client.get("/api/health").status_code == 200
            assert time.monotonic() - began_s < ANSWERED_WITHIN_S
            for one in sockets[: CONNECTIONS * 2 : 4]:
                with contextlib.suppress(OSError):
                    one.sendall(b"X")

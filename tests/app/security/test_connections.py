"""Connections that are too many, too slow or silent end; others are served meanwhile."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

FILES = 64  # of the server
LARGE_BYTES = 40_000_000
SERVER = """
import asyncio, functools, resource, sys
import uvicorn
from app.security import http_protocol
from app.security.http_protocol import Connection, Connections
from app.security.listener import listen, raise_file_limit

resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[2]) // 2, int(sys.argv[2])))
raise_file_limit()
http_protocol.HEAD_WITHIN_S, http_protocol.BODY_SILENT_S = float(sys.argv[1]), float(sys.argv[1])
http_protocol.READ_WITHIN_S = float(sys.argv[1])

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(40 if scope["path"] == "/large" else 1):
        await send({"type": "http.response.body", "body": bytes(1_000_000), "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})

connections = Connections()
with listen("127.0.0.1", 0, 128) as listener:
    listener.make_room = connections.end_oldest
    print(listener.getsockname()[1], resource.getrlimit(resource.RLIMIT_NOFILE)[0], flush=True)
    protocol = functools.partial(Connection, connections=connections)
    config = uvicorn.Config(
        app, http=protocol, loop="asyncio", lifespan="off", ws="none", log_level="warning"
    )
    uvicorn.Server(config).run(sockets=[listener])
"""


@contextlib.contextmanager
def running(patience_s: float) -> Iterator[int]:
    """A server that may have few files; its port."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(patience_s), str(FILES)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as server:
        assert server.stdout is not None
        port, files = server.stdout.readline().split()
        assert int(files) == FILES, "as many as the machine allows"
        try:
            yield int(port)
        finally:
            server.terminate()
            said = server.stdout.read()
        assert said == b"", said


def connect(port: int, sent: bytes) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", port), timeout=10)
    link.sendall(sent)
    return link


def is_served(port: int) -> bool:
    with contextlib.suppress(OSError), connect(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") as link:
        return link.recv(100).startswith(b"HTTP/1.1 200 ")
    return False


def test_more_connections_than_files_keep_nobody_out() -> None:
    with running(60) as port, contextlib.ExitStack() as links:
        for _ in range(3 * FILES):
            links.enter_context(connect(port, b"GET / HTTP/1.1\r\n"))

        assert is_served(port)  # the connection that has waited longest makes room
        links.close()
        assert is_served(port)


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        (b"", b""),
        (b"GET / HTTP/1.1\r\n", b""),
        (b"GET / HTTP/1.1\r\nX: ", b"a"),  # each byte does not buy more time
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", b""),
    ],
)
def test_a_client_that_is_silent_or_slow_is_disconnected(first: bytes, rest: bytes) -> None:
    with running(0.5) as port, connect(port, first) as link:
        deadline_s = time.monotonic() + 10
        link.settimeout(0.1)
        while time.monotonic() < deadline_s:
            try:
                if rest:
                    link.sendall(rest)
                if link.recv(100) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        else:
            raise AssertionError("the connection is still there")

        assert is_served(port)


def test_a_client_that_does_not_read_its_response_is_disconnected() -> None:
    patience_s = 0.5
    with running(patience_s) as port:
        with connect(port, b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n") as link:
            link.recv(100)
            time_to_read_nothing = threading.Event()
            time_to_read_nothing.wait(3 * patience_s)
            received = 0
            with contextlib.suppress(ConnectionResetError):
                while piece := link.recv(1_000_000):
                    received += len(piece)

        assert received < LARGE_BYTES
        assert is_served(port)

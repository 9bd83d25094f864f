"""What may stand between a browser and a server: a small reverse proxy, and a tunnel like ssh's."""

from __future__ import annotations

import contextlib
import http.client
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

TIMEOUT_S = 30.0
PIECE_BYTES = 65_536
METHODS = ("GET", "HEAD", "POST", "PATCH", "DELETE")
NOT_PASSED_ON = {"connection", "keep-alive", "transfer-encoding", "host"}


@dataclass(frozen=True, slots=True)
class Manners:
    """How a proxy passes requests on.

    upstream: host and port. prefix: the path it serves; strips: taken away before it passes on.
    says: headers that it sets, in place of what the client said under these names.
    keeps_host: passes the client's Host on; else it names the upstream.
    """

    upstream: str
    prefix: str = ""
    strips: bool = False
    says: dict[str, str] = field(default_factory=dict)
    keeps_host: bool = True


class Forwarding(BaseHTTPRequestHandler):
    """One connection of a client; closed after the answer, which may be endless."""

    manners: ClassVar[Manners]
    timeout = TIMEOUT_S

    def forward(self) -> None:
        manners = self.manners
        path = self.path
        if not path.startswith(manners.prefix):
            self.send_error(404)
            return
        if manners.strips:
            path = path[len(manners.prefix) :] or "/"
        upstream = http.client.HTTPConnection(manners.upstream, timeout=TIMEOUT_S)
        with contextlib.closing(upstream), contextlib.suppress(ConnectionError):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            upstream.putrequest(self.command, path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.said():
                upstream.putheader(name, value)
            upstream.endheaders(body)
            self.answer(upstream.getresponse())

    def said(self) -> Iterator[tuple[str, str]]:
        """The headers that are passed on."""
        manners = self.manners
        replaced = NOT_PASSED_ON | {name.lower() for name in manners.says}
        yield "Host", self.headers["host"] if manners.keeps_host else manners.upstream
        for name, value in self.headers.items():
            if name.lower() not in replaced:
                yield name, value
        yield "X-Forwarded-For", self.client_address[0]
        yield from manners.says.items()

    def answer(self, response: http.client.HTTPResponse) -> None:
        self.send_response_only(response.status)
        for name, value in response.getheaders():
            if name.lower() not in NOT_PASSED_ON:
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        while piece := response.read1(PIECE_BYTES):
            self.wfile.write(piece)
            self.wfile.flush()
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the tests look at the server's output."""


@contextmanager
def reverse_proxy(manners: Manners) -> Iterator[str]:
    """A proxy on a free port; its address without a slash at the end, without the prefix."""
    methods = {f"do_{name}": Forwarding.forward for name in METHODS}
    forwarding = type("ForwardingTo", (Forwarding,), {"manners": manners, **methods})
    server = ThreadingHTTPServer(("127.0.0.1", 0), forwarding)
    server.daemon_threads = True
    with _serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


class Passing(socketserver.BaseRequestHandler):
    """One connection through a tunnel: bytes, whatever they say."""

    upstream: ClassVar[tuple[str, int]]

    def handle(self) -> None:
        with socket.create_connection(self.upstream, timeout=TIMEOUT_S) as other:
            back = threading.Thread(target=_copy, args=(other, self.request), daemon=True)
            back.start()
            _copy(self.request, other)
            back.join(TIMEOUT_S)


@contextmanager
def tunnel(upstream: str) -> Iterator[int]:
    """A local port that leads to `host:port`."""
    host, _, port = upstream.partition(":")
    passing = type("PassingTo", (Passing,), {"upstream": (host, int(port))})
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), passing)
    server.daemon_threads = True
    with _serving(server):
        yield int(server.server_address[1])


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(TIMEOUT_S)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(PIECE_BYTES):
            target.sendall(piece)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)

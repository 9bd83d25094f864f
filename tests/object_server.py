"""A real S3 server in a process of its own, and a proxy before it that makes faults."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

BUCKET = "babysit"
KEY_ID, SECRET = "AKIATESTTESTTESTTEST", "a-secret-key-for-the-tests"
DELETED = re.compile(r"<Key>(.*?)</Key>")
STARTED_WITHIN_S = 30.0
SILENT_S_MAX = 30.0
POLL_EVERY_S = 0.05

Request: TypeAlias = tuple[str, str]  # method, path without the query
Fault: TypeAlias = Callable[["_Handler"], None]


@contextmanager
def s3_server() -> Iterator[int]:
    """The port of an S3 server that has one bucket."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _make_bucket(process, port)
        yield port
    finally:
        process.kill()
        process.wait()


def _make_bucket(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + STARTED_WITHIN_S
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=STARTED_WITHIN_S)
        try:
            connection.request("PUT", f"/{BUCKET}")
            assert connection.getresponse().status == 200
            return
        except OSError:
            assert process.poll() is None, "the S3 server died"
            assert time.monotonic() < deadline, "the S3 server does not answer"
            time.sleep(POLL_EVERY_S)
        finally:
            connection.close()


@dataclass
class Proxy:
    """Passes requests on, except where `fault` says what happens to them.

    fault: what to do with a request instead; None: pass it on. seen: all requests, in order.
    """

    port: int
    fault: Callable[[Request], Fault | None] = field(default=lambda request: None)
    seen: list[Request] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def environment(self) -> dict[str, str]:
        """What obstore reads."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }

    def heal(self) -> None:
        self.fault = lambda request: None

    def written(self) -> list[str]:
        return [path for method, path in self.seen if method in ("PUT", "POST")]

    def deleted(self) -> list[str]:
        return [path for method, path in self.seen if method == "DELETE"]


def always(fault: Fault) -> Callable[[Request], Fault | None]:
    return lambda request: fault


@contextmanager
def faulty_proxy(upstream: int) -> Iterator[Proxy]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    proxy = Proxy(int(server.server_address[1]))
    server.proxy, server.upstream = proxy, upstream  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.released.set()
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def log_message(self, format: str, *arguments: Any) -> None:
        pass

    def handle_one(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        request = (self.command, self.path.partition("?")[0])
        if self.path.endswith("?delete"):  # the names are in the body
            request = ("DELETE", (DELETED.search(body.decode()) or [""])[1])
        self.server.proxy.seen.append(request)
        fault = self.server.proxy.fault(request)
        if fault is not None:
            fault(self)
            return
        status, headers, content = self.upstream(body)
        self.answer(status, headers, content)

    def upstream(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=30)
        try:
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()

    def answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response_only(status)
        ours = {"connection", "transfer-encoding", "content-length"}
        for name, value in headers:
            if name.lower() not in ours:
                self.send_header(name, value)
        length = next((value for name, value in headers if name.lower() == "content-length"), None)
        is_head = self.command == "HEAD"
        self.send_header("content-length", length or "0" if is_head else str(len(content)))
        self.end_headers()
        if not is_head:
            self.wfile.write(content)


for method in ("GET", "PUT", "POST", "HEAD", "DELETE"):
    setattr(_Handler, f"do_{method}", _Handler.handle_one)


def says(status: int, code: str) -> Fault:
    """An error as S3 says it, with what it repeats of the request."""
    content = (
        f"<Error><Code>{code}</Code><Message>no</Message><AWSAccessKeyId>{KEY_ID}</AWSAccessKeyId>"
        f"<StringToSign>{SECRET}</StringToSign></Error>"
    )
    return lambda handler: handler.answer(status, [], content.encode())


def is_cut(handler: _Handler) -> None:
    """What is read ends in the middle; what is written gets no answer."""
    if handler.command == "GET":
        handler.send_response_only(200)
        handler.send_header("content-length", "1000000")
        handler.end_headers()
        handler.wfile.write(b"x" * 1000)
    handler.close_connection = True


def is_silent(handler: _Handler) -> None:
    """No answer, for longer than anything waits."""
    handler.server.proxy.released.wait(SILENT_S_MAX)
    handler.close_connection = True

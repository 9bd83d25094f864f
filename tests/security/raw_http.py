"""Raw requests over raw sockets: bytes as they are, many connections, nothing waited for long."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

HANGS_AFTER_S = 10.0
HEAD_BYTES_MAX = 65_536
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: (\d+)")
_ENDLESS = re.compile(rb"(?i)\r\ncontent-type: text/event-stream")
_CLOSES = re.compile(rb"(?i)\r\nconnection: close")
_CHUNKED = re.compile(rb"(?i)\r\ntransfer-encoding: chunked")


class Hang(AssertionError):
    """No answer came in time."""


@dataclass(frozen=True)
class Reply:
    """status: 0 when the connection was closed without an answer."""

    status: int
    head: bytes
    body: bytes


class Connection:
    """One connection that is opened again whenever the server has closed it."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self._address = (host, int(port))
        self._socket: socket.socket | None = None
        self._read = b""

    def send(self, request: bytes) -> None:
        """Send; when a connection that was open turns out to be closed, on a new one."""
        if self._socket is None:
            self._open()
        assert self._socket is not None
        with contextlib.suppress(ConnectionError, TimeoutError):  # it did not want to hear it all
            self._socket.sendall(request)

    def _open(self) -> None:
        self._socket = socket.create_connection(self._address, timeout=HANGS_AFTER_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = b""

    def receive(self, *, head_only: bool = False) -> Reply:
        """The next answer.

        Raises:
            Hang: it is not there within `HANGS_AFTER_S`.
        """
        began_s = time.monotonic()
        try:
            while (end := self._read.find(b"\r\n\r\n")) < 0:
                if not self._more(began_s):
                    self.close()
                    return Reply(0, b"", self._read)
            head, self._read = self._read[:end], self._read[end + 4 :]
            status = int(head[9:12])
            if _ENDLESS.search(head):
                self.close()
                return Reply(status, head, b"")
            body = b"" if head_only or status in (204, 304) else self._body(head, began_s)
        except ConnectionError:
            self.close()
            return Reply(0, b"", b"")
        if _CLOSES.search(head):
            self.close()
        return Reply(status, head, body)

    def _body(self, head: bytes, began_s: float) -> bytes:
        length = _LENGTH.search(head)
        if length:
            wanted = int(length[1])
            while len(self._read) < wanted and self._more(began_s):
                pass
            body, self._read = self._read[:wanted], self._read[wanted:]
            return body
        if _CHUNKED.search(head):
            while not self._read.endswith(b"0\r\n\r\n") and self._more(began_s):
                pass
            body, self._read = self._read, b""
            return _joined(body)
        while _CLOSES.search(head) and self._more(began_s):
            pass
        body, self._read = self._read, b""
        return body

    def _more(self, began_s: float) -> bool:
        """Whether something came; False: the server has closed."""
        assert self._socket is not None
        self._socket.settimeout(max(0.001, began_s + HANGS_AFTER_S - time.monotonic()))
        try:
            chunk = self._socket.recv(HEAD_BYTES_MAX)
        except TimeoutError:
            raise Hang(f"no answer within {HANGS_AFTER_S} s") from None
        self._read += chunk
        return bool(chunk)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            self._read = b""


def _joined(chunks: bytes) -> bytes:
    """What a body in chunks says."""
    body = b""
    while chunks:
        size, _, rest = chunks.partition(b"\r\n")
        length = int(size, 16)
        body, chunks = body + rest[:length], rest[length + 2 :]
    return body


class Wire:
    """Several connections to one server; requests go out on all of them at once."""

    def __init__(self, url: str, connections: int = 16, *, keeps: bool = True) -> None:
        """keeps: one connection carries many requests; else each gets a new one."""
        self._connections = [Connection(url) for _ in range(connections)]
        self._keeps = keeps
        self.sent = 0
        self.slowest_s = 0.0

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for connection in self._connections:
            connection.close()

    def ask(self, requests: Sequence[bytes]) -> list[Reply]:
        """The answer to each, in order; at most as many at once as there are connections.

        Raises:
            Hang: one was not answered in time, however many were on their way.
        """
        replies: list[Reply] = []
        for start in range(0, len(requests), len(self._connections)):
            batch = requests[start : start + len(self._connections)]
            used = self._connections[: len(batch)]
            began_s = time.monotonic()
            for connection, request in zip(used, batch, strict=True):
                connection.send(request)
            for connection, request in zip(used, batch, strict=True):
                try:
                    reply = connection.receive(head_only=request.startswith(b"HEAD "))
                except Hang as hang:
                    raise Hang(f"{hang}: {request[:2000]!r}") from None
                if not self._keeps:
                    connection.close()
                replies.append(reply)
                self.slowest_s = max(self.slowest_s, time.monotonic() - began_s)
            self.sent += len(batch)
        return replies


def request(
    method: str, target: bytes | str, headers: dict[str, str], body: bytes | None = None
) -> bytes:
    """A request as it is written, without a check. Text that is not ASCII goes out as UTF-8."""
    path = target if isinstance(target, bytes) else target.encode()
    lines = [
        f"{name}: {value}".encode("utf-8", "surrogateescape") for name, value in headers.items()
    ]
    if body is not None:
        lines.append(b"Content-Length: %d" % len(body))
    head = b"\r\n".join([method.encode() + b" " + path + b" HTTP/1.1", *lines, b"", b""])
    return head + (body or b"")

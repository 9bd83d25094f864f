"""The HTTP protocol of a connection: uvicorn's, with time limits and errors of the usual form."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import OrderedDict
from typing import Any

import h11
from h11._receivebuffer import ReceiveBuffer
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..errors import error_body
from .middleware import SECURITY_HEADERS

HEAD_WITHIN_S = 20.0  # from the first byte of a request, or from the connection, to its headers
BODY_SILENT_S = 20.0  # between two pieces of a body
BODY_WITHIN_S = 300.0  # the whole of it
READ_WITHIN_S = 60.0  # a client that takes nothing of a response for this long is stuck
SAID_TO_ANYBODY = ("Invalid HTTP request received.",)


class Connections:
    """The connections of a server that wait for the headers of a request, the oldest first."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[Connection, None] = OrderedDict()

    def wait(self, connection: Connection) -> None:
        self._waiting[connection] = None

    def leave(self, connection: Connection) -> None:
        self._waiting.pop(connection, None)

    def end_oldest(self) -> bool:
        """End the one that has waited longest; False: none waits."""
        if not self._waiting:
            return False
        connection, _ = self._waiting.popitem(last=False)
        connection.abort()
        return True


class CrlfBuffer(ReceiveBuffer):
    """What was received. Takes a line of a head only if it ends in CR LF.

    h11 also takes a lone LF. A proxy in front may not, and would then see other requests than we
    do (RFC 9112, 2.2).
    """

    def maybe_extract_lines(self) -> list[bytearray] | None:
        received = bytes(self._data)
        lines = super().maybe_extract_lines()
        if lines is not None:
            taken = received[: len(received) - len(self._data)]
            if taken.count(b"\n") != taken.count(b"\r\n"):
                raise h11.LocalProtocolError("a line ends in LF alone")
        return lines


class Connection(H11Protocol):
    """One connection. Ends a client that is too slow, or silent, in the middle of something."""

    def __init__(self, *arguments: Any, connections: Connections, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.conn._receive_buffer = CrlfBuffer()
        self._open = connections
        self._head_timer: asyncio.TimerHandle | None = None
        self._body_timer: asyncio.TimerHandle | None = None
        self._read_timer: asyncio.TimerHandle | None = None
        self._body_since_s: float | None = None

    def abort(self) -> None:
        """Close at once, whatever is still to be sent."""
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._set_timers()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._open.leave(self)
        for timer in (self._head_timer, self._body_timer, self._read_timer):
            if timer is not None:
                timer.cancel()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._set_timers()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self._open.wait(self)  # keep-alive has a timer of its own

    def pause_writing(self) -> None:
        super().pause_writing()
        self._read_timer = self.loop.call_later(READ_WITHIN_S, self.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None

    def _set_timers(self) -> None:
        """Set the timer of what the client has to send next."""
        state = self.conn.their_state
        if state is h11.IDLE:
            self._open.wait(self)
            if self._head_timer is None:  # each byte does not buy more time
                self._head_timer = self.loop.call_later(HEAD_WITHIN_S, self.abort)
        else:
            self._open.leave(self)
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None
        if state is h11.SEND_BODY:
            now_s = self.loop.time()
            self._body_since_s = self._body_since_s or now_s
            left_s = self._body_since_s + BODY_WITHIN_S - now_s
            self._body_timer = self.loop.call_later(
                max(0.0, min(BODY_SILENT_S, left_s)), self._end_slow_body
            )
        else:
            self._body_since_s = None

    def _end_slow_body(self) -> None:
        # The body may have been held back by us: then the client is not to blame.
        if self.flow.read_paused and self.loop.time() < (self._body_since_s or 0) + BODY_WITHIN_S:
            self._set_timers()
        else:
            self.abort()

    # -- what uvicorn says to a message that is not HTTP

    def _unsupported_upgrade_warning(self) -> None:
        pass  # anybody can ask for it

    def send_400_response(self, msg: str) -> None:
        content = json.dumps(error_body("invalid", "The request is not valid HTTP.")).encode()
        headers = [
            *SECURITY_HEADERS,
            (b"content-type", b"application/json"),
            (b"content-length", str(len(content)).encode()),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
        ]
        with contextlib.suppress(h11.LocalProtocolError):  # a response has begun already
            for event in (
                h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
                h11.Data(data=content),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def is_for_the_log(record: logging.LogRecord) -> bool:
    """A filter of uvicorn's log: anybody can cause a line for each message that is not HTTP."""
    return record.getMessage() not in SAID_TO_ANYBODY

"""Server-sent events: read from the lines of a response, and followed until a run is over."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from babysit.client.connection import Connection, Json, NoServer
from babysit.protocol.status import OVER

RECONNECT_AFTER_S = 1.0
SILENCE_MAX_S = 30.0  # the server sends a heartbeat every 10 s


@dataclass(frozen=True, slots=True)
class StreamMessage:
    """One message of the stream. name: `run`, `event`, `points`, `reset`, `bye` and so on."""

    name: str
    body: Json


def read_stream(lines: Iterable[bytes]) -> Iterator[StreamMessage]:
    """The messages of a stream; comments, which keep the connection alive, are left out.

    Raises:
        ValueError: a message is not JSON.
    """
    name, data = "message", b""
    for line in lines:
        field, _, value = line.rstrip(b"\r\n").partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            name = value.decode()
        elif field == b"data":
            data += value
        elif not line.strip() and data:
            yield StreamMessage(name, json.loads(data))
            name, data = "message", b""


def follow(
    connection: Connection, run_id: int, after: int, missed: Callable[[int], list[Json]]
) -> Iterator[Json]:
    """The events of a run after the one with the id `after`, until the run is over.

    missed: the events after an id, for when the server no longer sends them by itself.

    Raises:
        Refused: the run is gone, or the token is not valid any more.
    """
    run: Json | None = None
    while True:
        try:
            for message in _messages(connection, run_id, after):
                events: list[Json] = []
                match message.name:
                    case "run":
                        run = message.body
                    case "event":
                        events = [message.body]
                    case "reset":
                        events = missed(after)
                for event in events:
                    after = event["id"]
                    yield event
                if run and run["status"] in OVER and run["last_event_id"] <= after:
                    return
        except NoServer:  # nothing says when one comes
            time.sleep(RECONNECT_AFTER_S)
            with contextlib.suppress(NoServer):
                connection.find()


def _messages(connection: Connection, run_id: int, after: int) -> Iterator[StreamMessage]:
    query = {"runs": run_id, "after": after}
    with connection.open("/api/stream", query=query, timeout_s=SILENCE_MAX_S) as response:
        try:
            yield from read_stream(response)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise connection.unreachable(error) from error
    raise NoServer("The stream has ended.")  # the server is ending, too

"""One open stream: the messages that wait for its reader, and their encoding."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from babysit.storage.journal import to_jsonable

from ..store.committed import Json
from .shares import THE_OWNER, Holder

HEARTBEAT_S = 10.0
QUEUE_BYTES_MAX = 4_000_000  # of one stream; slower readers are dropped
HEARTBEAT = b": heartbeat\n\n"
BYE = b"event: bye\ndata: {}\n\n"
RESET = b"event: reset\ndata: {}\n\n"


def encode(event: str, body: Json, event_id: int | None = None) -> bytes:
    """One message of a stream. JSON has no line breaks, so one data line is enough."""
    ident = f"id: {event_id}\n" if event_id is not None else ""
    data = json.dumps(to_jsonable(body), separators=(",", ":"))
    return f"{ident}event: {event}\ndata: {data}\n\n".encode()


@dataclass(eq=False)
class Subscriber:
    """One open stream: what it wants, and what it has not been sent yet.

    run_ids: the runs it wants; None: the events of all runs.
    sessions: SHA-256 of the cookies that it was opened with.
    """

    run_ids: frozenset[int] | None
    sessions: frozenset[str] = frozenset()
    search_ids: frozenset[int] = frozenset()
    holder: Holder = THE_OWNER
    sent_up_to_id: int = 0  # events up to here were among the first messages
    queue: deque[tuple[int, bytes]] = field(default_factory=deque)  # event id or 0, message
    search_states: dict[int, bytes] = field(default_factory=dict)  # the newest of each search
    queued_bytes: int = 0
    ended: bool = False
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def wants(self, run_id: int) -> bool:
        return self.run_ids is None or run_id in self.run_ids

    def put(self, message: bytes, event_id: int = 0) -> None:
        """Queue a message; end the stream if too much is queued."""
        self.queue.append((event_id, message))
        self.queued_bytes += len(message)
        if self.queued_bytes > QUEUE_BYTES_MAX:
            self.end()
        self.wake.set()

    def put_search(self, search_id: int, message: bytes) -> None:
        """Queue the state of a search in place of an older one that has not been sent."""
        self.queued_bytes += len(message) - len(self.search_states.pop(search_id, b""))
        self.search_states[search_id] = message
        if self.queued_bytes > QUEUE_BYTES_MAX:
            self.end()
        self.wake.set()

    def end(self, last_message: bytes = b"") -> None:
        if last_message:
            self.queue.append((0, last_message))
        else:
            self.queue.clear()
            self.search_states.clear()
        self.ended = True
        self.wake.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        """All queued messages at a time, and heartbeats in between."""
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await self.wake.wait()
            except TimeoutError:
                yield HEARTBEAT
                continue
            self.wake.clear()
            chunk = b"".join(self.search_states.values()) + b"".join(
                message
                for event_id, message in self.queue
                if not 0 < event_id <= self.sent_up_to_id
            )
            self.queue.clear()
            self.search_states.clear()
            self.queued_bytes = 0
            if chunk:
                yield chunk
            if self.ended:
                return

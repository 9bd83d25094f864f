"""Sends committed changes to open streams and waiting requests; each is encoded once."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from babysit.storage.journal import Points

from ..limits import STREAMS_MAX, WAITS_MAX
from ..security.listener import connection_files
from ..store.committed import Committed, Json
from ..store.curves.chunks import Curve, joined
from ..store.curves.downsample import downsample
from .search_updates import SearchUpdates
from .shares import THE_OWNER, Holder, Shares
from .subscriber import BYE, QUEUE_BYTES_MAX, RESET, Subscriber, encode

POINTS_EVERY_S = 0.08  # at most, for each run; shorter than the recorder takes
RUN_EVERY_S = 0.5  # while only its numbers change
POINTS_A_MESSAGE_MAX = 50  # of one series: 500 per second, for a chart 800 columns wide
RING_MAX = 4_000  # events kept for streams that reconnect
RING_BYTES_MAX = 16_000_000
FILES_BESIDE_STREAMS = 64  # connections of other requests
STREAMS_MIN = 8  # however few files there are


class EventBroker:
    """Runs on the event loop; `publish` and `send_tasks_changed` may be called from any thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._subscribers: set[Subscriber] = set()
        self._ring: deque[tuple[int, int, bytes]] = deque()  # id, run, message
        self._ring_bytes = 0
        self._points: dict[int, list[Points]] = {}
        self._points_at_s: dict[int, float] = {}
        self._runs: dict[int, Json] = {}  # not sent yet
        self._runs_at_s: dict[int, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._waiters: dict[int, set[asyncio.Future[None]]] = {}
        self.watched: frozenset[int] = frozenset()  # runs whose points a stream wants
        self.on_viewers: Callable[[], None] = lambda: None  # the first has come, or the last left
        self.search_updates = SearchUpdates(self._put_search)
        self.is_closing = False
        self._streams = Shares("open streams", self._streams_max)
        self.waits = Shares("responses that are held back", lambda: WAITS_MAX)

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    @property
    def viewers(self) -> int:
        """The number of open streams."""
        return len(self._subscribers)

    @staticmethod
    def _streams_max() -> int:
        """Each is an open file, and other requests need some, too."""
        return min(STREAMS_MAX, max(STREAMS_MIN, connection_files() - FILES_BESIDE_STREAMS))

    # -- from any thread

    def publish(self, committed: Committed) -> None:
        self._on_loop(self._on_commit, committed)

    def send_tasks_changed(self) -> None:
        self._on_loop(self._put_all, encode("tasks", {}))

    def send_reset(self) -> None:
        """Make all clients load everything again."""
        self._on_loop(self._put_all, RESET)

    def close_soon(self) -> None:
        self._on_loop(self.close)

    def end_session(self, session: str) -> None:
        self._on_loop(self.end_streams, session)

    def _on_loop(self, call: Any, *arguments: Any) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *arguments)

    # -- on the loop

    def subscribe(
        self,
        run_ids: frozenset[int] | None,
        sessions: frozenset[str] = frozenset(),
        search_ids: frozenset[int] = frozenset(),
        holder: Holder = THE_OWNER,
    ) -> Subscriber:
        """A new stream; `leave` ends it.

        Raises:
            TooManyRequests: there are too many, in all or of this holder.
        """
        self._streams.take(holder)
        subscriber = Subscriber(run_ids, sessions, search_ids, holder)
        self._subscribers.add(subscriber)
        self._note_watched()
        if self.is_closing:
            subscriber.end(BYE)
        return subscriber

    def leave(self, subscriber: Subscriber) -> None:
        if subscriber in self._subscribers:
            self._subscribers.remove(subscriber)
            self._streams.give_back(subscriber.holder)
        self._note_watched()

    def _note_watched(self) -> None:
        if len(self._subscribers) <= 1:
            self.on_viewers()
        self.watched = frozenset().union(*(item.run_ids or () for item in self._subscribers))
        self.search_updates.watched = frozenset().union(
            *(item.search_ids for item in self._subscribers)
        )

    def recent(self, after: int, run_ids: frozenset[int] | None) -> list[bytes] | None:
        """Event messages after an id, from memory; None if they are no longer all there.

        If they are too many bytes for one stream, the client has to load everything again.
        """
        if not self._ring or not self._ring[0][0] <= after + 1 <= self._ring[-1][0] + 1:
            return None
        messages = [
            message
            for event_id, run_id, message in self._ring
            if event_id > after and (run_ids is None or run_id in run_ids)
        ]
        return messages if sum(map(len, messages)) <= QUEUE_BYTES_MAX else [RESET]

    def _remember(self, event_id: int, run_id: int, message: bytes) -> None:
        self._ring.append((event_id, run_id, message))
        self._ring_bytes += len(message)
        while len(self._ring) > RING_MAX or self._ring_bytes > RING_BYTES_MAX:
            self._ring_bytes -= len(self._ring.popleft()[2])

    def wait_for_commit(self, run_id: int) -> asyncio.Future[None]:
        """A future that is done at the next commit for a run, or at the end of the server.

        Pass it to `cancel_wait` afterwards.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.is_closing:
            future.set_result(None)
        self._waiters.setdefault(run_id, set()).add(future)
        return future

    def cancel_wait(self, run_id: int, future: asyncio.Future[None]) -> None:
        waiters = self._waiters.get(run_id, set())
        waiters.discard(future)
        future.cancel()
        if not waiters:
            self._waiters.pop(run_id, None)

    def close(self) -> None:
        """End all streams and resolve all waiters."""
        self.is_closing = True
        self.end_streams()
        for run_id in list(self._waiters):
            self._resolve_waiters(run_id)
        if self._timer is not None:
            self._timer.cancel()
        self.search_updates.close()

    def end_streams(self, session: str | None = None) -> None:
        """End all streams, or those of a session; clients that still have access reconnect."""
        for subscriber in self._subscribers:
            if session is None or session in subscriber.sessions:
                subscriber.end(BYE)

    def _resolve_waiters(self, run_id: int) -> None:
        for future in self._waiters.get(run_id, ()):
            if not future.done():
                future.set_result(None)

    def _on_commit(self, committed: Committed) -> None:
        with_events = set()
        for event in committed.events:
            with_events.add(event["run_id"])
            message = encode("event", event, event["id"])
            self._remember(event["id"], event["run_id"], message)
            for subscriber in self._subscribers:
                if subscriber.wants(event["run_id"]):
                    subscriber.put(message, event["id"])
        for run_id, block in committed.points:
            if run_id in self.watched:
                self._points.setdefault(run_id, []).append(block)
        self._runs.update(committed.runs)
        for run_id in with_events:
            self._send_run(run_id)
        for run_id in {*committed.runs, *with_events}:
            self._resolve_waiters(run_id)
        self.search_updates.on_commit(committed.searches)
        self._send_due()

    def _send_due(self) -> None:
        """Send what is due, and set a timer for the rest."""
        now_s = time.monotonic()
        next_s: list[float] = []
        for run_id in list(self._points):
            due_s = self._points_at_s.get(run_id, 0.0) + POINTS_EVERY_S
            if due_s <= now_s:
                self._send_points(run_id)
            else:
                next_s.append(due_s)
        for run_id in list(self._runs):
            due_s = self._runs_at_s.get(run_id, 0.0) + RUN_EVERY_S
            if due_s <= now_s:
                self._send_run(run_id)
            else:
                next_s.append(due_s)
        if next_s and self._loop is not None:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_later(max(0.0, min(next_s) - now_s), self._send_due)

    def _send_points(self, run_id: int) -> None:
        self._points_at_s[run_id] = time.monotonic()
        blocks = self._points.pop(run_id)
        self._put(run_id, encode("points", points_message(run_id, blocks)), points=True)

    def _send_run(self, run_id: int) -> None:
        run = self._runs.pop(run_id, None)
        if run is None:
            return
        self._runs_at_s[run_id] = time.monotonic()
        if self._subscribers:
            self._put(run_id, encode("run", run))
        if run["ended_at"] is not None:
            self._runs_at_s.pop(run_id)
            self._points_at_s.pop(run_id, None)

    def _put(self, run_id: int, message: bytes, *, points: bool = False) -> None:
        for subscriber in self._subscribers:
            if subscriber.run_ids is None and points:
                continue
            if subscriber.wants(run_id):
                subscriber.put(message)

    def _put_search(self, search_id: int, message: bytes) -> None:
        for subscriber in self._subscribers:
            if search_id in subscriber.search_ids:
                subscriber.put_search(search_id, message)

    def _put_all(self, message: bytes) -> None:
        for subscriber in self._subscribers:
            subscriber.put(message)


def points_message(run_id: int, blocks: list[Points]) -> Json:
    """Blocks of points in one message, downsampled with their extremes kept."""
    parts: dict[str, list[Curve]] = {}
    for block in blocks:
        for name, values in zip(block.names, block.values, strict=True):
            parts.setdefault(name, []).append(Curve(block.steps, values))
    curves = {name: joined(blocks_of_one) for name, blocks_of_one in parts.items()}
    steps = [step for curve in curves.values() for step in curve.steps[[0, -1]].tolist() if step]
    return {
        "run_id": run_id,
        "from_step": min(steps, default=0),
        "to_step": max(steps, default=0),
        "series": {
            name: downsample(curve, POINTS_A_MESSAGE_MAX).to_json()
            for name, curve in curves.items()
        },
    }

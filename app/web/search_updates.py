"""Sends the state of watched searches after the commits that changed them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from ..store.committed import Json
from .subscriber import encode

log = logging.getLogger(__name__)

SEARCH_EVERY_S = 0.25  # at most, for each search
READ_SHARE_MAX = 0.2  # of the time; reading a search of many trials takes a while
RETRY_S = 1.0  # after the database could not be read


class SearchUpdates:
    """Runs on the event loop; one task at a time reads a search that has changed.

    read: the JSON of a search as it is now; called in a thread.
    watched: ids of the searches that a stream wants.
    """

    def __init__(self, put: Callable[[int, bytes], None]) -> None:
        self._put = put
        self.read: Callable[[int], Json] = lambda search_id: {}
        self.watched: frozenset[int] = frozenset()
        self._changed: set[int] = set()
        self._due_s: dict[int, float] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def on_commit(self, search_ids: set[int]) -> None:
        for search_id in search_ids & self.watched:
            self._changed.add(search_id)
            if search_id not in self._tasks:
                self._tasks[search_id] = asyncio.create_task(self._send(search_id))

    def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()

    async def _send(self, search_id: int) -> None:
        """Send the search until its newest state is sent."""
        try:
            while search_id in self._changed:
                await asyncio.sleep(self._due_s.get(search_id, 0.0) - time.monotonic())
                self._changed.discard(search_id)
                if search_id in self.watched:
                    await self._send_now(search_id)
        finally:
            del self._tasks[search_id]
            if search_id not in self.watched:
                self._due_s.pop(search_id, None)

    async def _send_now(self, search_id: int) -> None:
        began_s = time.monotonic()
        try:
            message = await asyncio.to_thread(self._message, search_id)
        except (DBAPIError, OSError) as error:
            log.warning("search %d cannot be read, trying again: %s", search_id, error)
            self._changed.add(search_id)
            self._due_s[search_id] = time.monotonic() + RETRY_S
            return
        except Exception:
            log.exception("search %d could not be sent", search_id)
            return
        self._put(search_id, message)
        now_s = time.monotonic()
        self._due_s[search_id] = now_s + max(SEARCH_EVERY_S, (now_s - began_s) / READ_SHARE_MAX)

    def _message(self, search_id: int) -> bytes:
        return encode("search", self.read(search_id))

"""Hears the stream of all runs over every restart, and keeps which events it was told."""

from __future__ import annotations

import contextlib
import threading
import time

import httpx

from tests.app.sse_client import messages
from tests.live_server import TOKEN, web_client
from tests.soak.product import Product

AGAIN_S = 0.3
SILENCE_S = 20.0  # a stream has heartbeats; one that says nothing for so long is broken off


class Listener:
    """One viewer. told: ids of events in the order they came; unexpected: what must not come."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self._client = web_client(timeout=SILENCE_S)
        self.told: list[int] = []
        self.connections = 0
        self.unexpected: list[str] = []

    def live(self, until: threading.Event) -> None:
        while not until.is_set():
            with contextlib.suppress(httpx.HTTPError):  # there is no server just now
                self._listen(until)
            time.sleep(AGAIN_S)

    def close(self) -> None:
        self._client.close()

    def _listen(self, until: threading.Event) -> None:
        server = self._product.server
        if server is None:
            return
        last = str(self.told[-1]) if self.told else "0"
        headers = {"Authorization": f"Bearer {TOKEN}", "Last-Event-ID": last}
        with self._client.stream("GET", f"{server.url}/api/stream", headers=headers) as answer:
            if answer.status_code != 200:
                return
            self.connections += 1
            for message in messages(answer.iter_lines()):
                if message.event == "event" and message.id is not None:
                    self.told.append(message.id)
                elif message.event == "reset":
                    self.unexpected.append(f"reset after {last}")
                if until.is_set():
                    return

"""Reads server-sent events as a browser does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.live_server import TOKEN, LiveServer, web_client


@dataclass
class Message:
    event: str
    id: int | None
    data: Any


@contextmanager
def stream(
    server: LiveServer,
    timeout_s: float = 45.0,
    last_event_id: str | None = None,
    token: str = TOKEN,
    **asked: Any,
) -> Iterator[Iterator[Message]]:
    """The messages of an open stream; each must come within the time."""
    headers = {"Authorization": f"Bearer {token}"}
    if last_event_id is not None:
        headers["Last-Event-ID"] = last_event_id
    with (
        web_client(server.url, timeout=timeout_s) as client,
        client.stream("GET", "/api/stream", params=asked, headers=headers) as answer,
    ):
        if answer.status_code != 200:
            answer.read()
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield messages(answer.iter_lines())


def messages(lines: Iterator[str]) -> Iterator[Message]:
    found: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            found[name] = value
            continue
        if "event" in found:
            ident = int(found["id"]) if "id" in found else None
            yield Message(found["event"], ident, json.loads(found["data"]))
        found = {}

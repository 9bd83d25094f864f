"""A whole server without a socket: the application, its SQLite, and its answers to bare scopes."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.main import Application, create_app
from app.security.asgi import Message, Scope
from app.security.tokens import OWNER, VIEWER
from app.settings import Settings
from app.store.runs.create import start_run
from tests.app.fake_worker import DECLARED, SPIRALS
from tests.live_server import TOKEN
from tests.security.route_list import database_hash

PORT = 8000
BEGUN_WITHIN_S = 5.0  # an answer; then the client leaves


@dataclass
class Answer:
    """status: 0 when nothing was answered."""

    status: int = 0
    headers: Sequence[tuple[bytes, bytes]] = ()
    body: bytes = b""

    def header(self, name: bytes) -> bytes | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass
class Inside:
    """known: tokens and cookies by the names that `rules.py` gives them."""

    application: Application
    database: Path
    known: dict[str, str]

    def sign_in(self, role: str) -> None:
        cookie = self.application.sessions.sign_in(role, self.known[role])
        self.known[f"{role}_cookie"] = cookie

    def hash(self, *leaving_out: str) -> str:
        return database_hash(self.database, leaving_out=leaving_out)

    async def ask(
        self,
        method: str,
        path: str,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes = b"",
    ) -> Answer:
        """One request to its end; a stream is left as soon as it has begun."""
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "scheme": "http",
            "headers": list(headers),
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", PORT),
        }
        sent = iter([{"type": "http.request", "body": body, "more_body": False}])
        answer, has_begun = Answer(), asyncio.Event()

        async def receive() -> Message:
            message = next(sent, None)
            if message is not None:
                return message
            with contextlib.suppress(TimeoutError):  # who leaves before gets nothing
                await asyncio.wait_for(has_begun.wait(), BEGUN_WITHIN_S)
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status, answer.headers = message["status"], list(message["headers"])
            else:
                answer.body += message.get("body", b"")
                has_begun.set()

        await self.application.asgi(scope, receive, send)
        return answer

    async def connect(self, path: str, headers: Sequence[tuple[bytes, bytes]]) -> list[str]:
        """Types of the messages with which a websocket is answered."""
        scope: Scope = {
            "type": "websocket",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "scheme": "ws",
            "headers": list(headers),
            "client": ("127.0.0.1", 50_000),
            "subprotocols": [],
        }
        told: list[str] = []

        async def receive() -> Message:
            return {"type": "websocket.connect"}

        async def send(message: Message) -> None:
            told.append(message["type"])

        await self.application.asgi(scope, receive, send)
        return told


@contextmanager
def inside(folder: Path) -> Iterator[Inside]:
    """A server that looks after no runs, with two of them in its database."""
    settings = Settings(data_dir=folder, port=PORT, token=TOKEN, no_demo=True)
    application = create_app(settings)
    application.catalog.add("spirals", described())
    with application.store.writing() as tx:
        for name in ("first", "second"):
            start_run(tx, SPIRALS, {"name": name})
    known = {
        "owner": application.tokens.of(OWNER),
        "viewer": application.tokens.of(VIEWER),
        "cookie": application.api.state.app_state.cookie_name,
    }
    made = Inside(application, folder / "babysit.sqlite", known)
    for role in (OWNER, VIEWER):
        made.sign_in(role)
    yield made
    application.store.close()


def described() -> dict[str, Any]:
    """As a task describes itself."""
    declared = [item.to_json() for item in DECLARED.values()]
    return {"name": "spirals", "hyperparameters": declared, "default_steps": 1000}


def is_error_form(body: bytes) -> bool:
    try:
        told = json.loads(body)
    except ValueError:
        return False
    known = {"error", "message", "field", "allowed", "state"}
    return (
        isinstance(told, dict)
        and {"error", "message"} <= set(told) <= known
        and isinstance(told["message"], str)
    )

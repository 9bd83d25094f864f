"""Reads the body of a request up to a limit, and checks it before any route does."""

from __future__ import annotations

import asyncio

from ..errors import RequestRejected
from ..limits import (
    BODY_BYTES_MAX,
    RECIPE_BODY_BYTES_MAX,
    SIGN_IN_BODY_BYTES_MAX,
    WORKER_BODY_BYTES_MAX,
)
from .asgi import Headers, Message, Receive, Scope
from .json_body import check_json
from .worker_gate import is_workers_path

# A client that is not authenticated yet may send little.
BODY_BYTES_OF = {"/api/replays": RECIPE_BODY_BYTES_MAX, "/api/session": SIGN_IN_BODY_BYTES_MAX}
LARGE_BYTES = 65_536


async def checked_body(scope: Scope, receive: Receive) -> Receive:
    """Read and check the body; a `receive` that returns it again.

    Raises:
        RequestRejected: it is too large, or ended early.
        Invalid: it is not valid JSON.
    """
    is_workers = is_workers_path(scope["path"])
    most = BODY_BYTES_OF.get(scope["path"], BODY_BYTES_MAX)
    if is_workers:
        most = WORKER_BODY_BYTES_MAX
    declared = Headers(scope["headers"]).one(b"content-length")
    if declared is not None and (not declared.isdigit() or int(declared[:20]) > most):
        raise RequestRejected(413, "too_long", f"A body has at most {most:,} bytes.")
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestRejected(400, "invalid", "The request ended early.")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > most:
            raise RequestRejected(413, "too_long", f"A body has at most {most:,} bytes.")
    if is_workers:
        pass  # bytes of files; the routes check their JSON
    elif len(body) > LARGE_BYTES:  # in a thread, so that other requests are answered meanwhile
        await asyncio.to_thread(check_json, bytes(body))
    elif body:
        check_json(bytes(body))
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return replay

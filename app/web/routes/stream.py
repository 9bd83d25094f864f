"""The stream of server-sent events, which resumes after a lost connection."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session
from starlette.types import Receive, Scope, Send

from ...errors import Invalid, NotFound, Unauthorized
from ...limits import INT_MAX
from ...security.asgi import Headers
from ...store.events import head, is_id, read_events
from ...store.run_json import run_list
from ...store.runs.runs import find_run
from ...store.sessions import sha256
from ..broker import EventBroker
from ..deps import AppState, AppStateDep, HolderDep, sessions_of
from ..subscriber import QUEUE_BYTES_MAX, RESET, Subscriber, encode
from .searches import read_search

router = APIRouter(prefix="/api/stream", tags=["stream"])

RUNS_MAX = 100  # in one stream
SEARCHES_MAX = 10  # in one stream; each is sent with all its trials
MISSED_MAX = 2_000  # events; after more, the client loads everything again
SEND_WITHIN_S = 30.0
RETRY_MS = (1_000, 3_000)  # spread, so that clients do not all reconnect at once


class EventStream(Response):
    """Sends the messages of a subscriber until either side ends; drops a stuck reader."""

    media_type = "text/event-stream"

    def __init__(self, broker: EventBroker, subscriber: Subscriber, first: bytes) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._broker = broker
        self._subscriber = subscriber
        self._first = first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        listener = asyncio.create_task(self._notice_disconnect(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await self._send(send, self._first)
            async for chunk in self._subscriber.chunks():
                await self._send(send, chunk)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except (TimeoutError, OSError):
            pass  # the reader is stuck or gone; it reconnects with its last id
        finally:
            self._broker.leave(self._subscriber)
            listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listener

    async def _send(self, send: Send, chunk: bytes) -> None:
        async with asyncio.timeout(SEND_WITHIN_S):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def _notice_disconnect(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._subscriber.end()


@router.get("", status_code=200, response_class=EventStream)
async def stream(
    request: Request,
    state: AppStateDep,
    holder: HolderDep,
    *,
    runs: Annotated[str, Query(max_length=2_000)] = "",
    searches: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[int | None, Query(ge=0, le=INT_MAX)] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> EventStream:
    """Server-sent events: runs with their points, and searches.

    `runs`: ids of runs, separated by commas. Sends `run`, `event` and `points`.
    `searches`: ids of searches. Sends `search`, as `GET /api/searches/{id}` answers it: first its
    current state, then up to four times a second while it changes.
    Without both, sends `run` and `event` of all runs. `tasks` says that the tasks have changed,
    `reset` that events were missed, and `bye` that the server ends the stream.
    `Last-Event-ID` takes precedence over `after`.
    """
    search_ids = _ids(searches, "search", SEARCHES_MAX)
    run_ids = _ids(runs, "run", RUNS_MAX) if runs.strip(", ") or search_ids else None
    since = _since(after, last_event_id)
    bearer = Headers(request.headers.raw).bearer()
    cookies = sessions_of(request) if bearer is None else ()
    # Subscribe first, so that no event and no end of the token is missed in between.
    sessions = frozenset(map(sha256, cookies))
    subscriber = state.broker.subscribe(run_ids, sessions, search_ids, holder)
    try:
        _check_still_known(state, request, bearer, cookies)
        missed = None if since is None else state.broker.recent(since, run_ids)
        first = await run_in_threadpool(_send_missed, state, subscriber, since, missed)
    except BaseException:
        state.broker.leave(subscriber)
        raise
    return EventStream(state.broker, subscriber, first)


def _check_still_known(
    state: AppState, request: Request, bearer: bytes | None, cookies: tuple[str, ...]
) -> None:
    """Repeat the check of the security middleware: the request may have waited since then.

    Raises:
        Unauthorized: the token or session has ended.
    """
    client = request.client.host if request.client else ""
    if bearer is None:
        is_known = bool(cookies) and all(state.sessions.role(cookie) for cookie in cookies)
    else:
        is_known = state.tokens.role_of(bearer, client) is not None
    if not is_known:
        raise Unauthorized("Your session has ended. Sign in again.")


def _ids(ids: str, noun: str, most: int) -> frozenset[int]:
    names = [name.strip() for name in ids.split(",") if name.strip()]
    if len(names) > most:
        field = "runs" if noun == "run" else "searches"
        raise Invalid(f"A stream takes at most {most} {field}.", field=field)
    if not all(name.isascii() and name.isdigit() and len(name) <= 16 for name in names):
        raise NotFound(f"This {noun} does not exist.")
    return frozenset(int(name) for name in names)


def _since(after: int | None, last_event_id: str | None) -> int | None:
    if last_event_id is None:
        return after
    if last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) <= 16:
        return int(last_event_id)
    return -1  # not an id of this server


def _send_missed(
    state: AppState, subscriber: Subscriber, since: int | None, missed: list[bytes] | None
) -> bytes:
    """The first messages of a stream: the state of runs and searches, and the missed events.

    missed: those events, if they were still in memory.
    """
    low, high = RETRY_MS
    messages = [f"retry: {random.randint(low, high)}\n\n".encode()]
    run_ids = subscriber.run_ids
    with state.store.reading() as session:
        for run_id in sorted(run_ids or ()):
            run = run_list(session, [find_run(session, run_id)])[0]
            messages.append(encode("run", run))
        for search_id in sorted(subscriber.search_ids):
            messages.append(encode("search", read_search(state, session, search_id)))
        if missed is None and since is not None:
            subscriber.sent_up_to_id = head(session)
            missed = _from_sql(session, run_ids, since, subscriber.sent_up_to_id)
    return b"".join(messages + (missed or []))


def _from_sql(
    session: Session, run_ids: frozenset[int] | None, since: int, newest: int
) -> list[bytes]:
    if since > newest or not (since == 0 or is_id(session, since)):
        return [RESET]  # the id is of another database, or a rebuild has lost it
    missed = read_events(session, run_ids, after=since, limit=MISSED_MAX + 1)
    if len(missed) > MISSED_MAX:
        return [RESET]
    messages = [encode("event", event, event["id"]) for event in missed]
    return messages if sum(map(len, messages)) <= QUEUE_BYTES_MAX else [RESET]

"""Admits workers on other machines: to the routes of their attempt, and with its token alone."""

from __future__ import annotations

import re
from collections.abc import Callable

from babysit.storage.runs.storage import AttemptOver

from ..errors import RequestRejected
from .asgi import Headers

WORKERS = "/api/workers/"
ATTEMPT = re.compile(r"/api/workers/([1-9]\d{0,14})/([1-9]\d{0,3})/", re.ASCII)

# Run, attempt and token: whether it is the attempt's own. May raise `AttemptOver`.
IsWorker = Callable[[int, int, bytes], bool]


def nobody(run_id: int, attempt: int, token: bytes) -> bool:
    """Where no workers come from elsewhere."""
    return False


def is_workers_path(path: str) -> bool:
    return path.startswith(WORKERS)


def check_worker(path: str, headers: Headers, is_worker: IsWorker) -> None:
    """Accept a request of a worker. The owner's token opens none of these routes.

    Raises:
        RequestRejected: it is not accepted; 410 if the attempt has ended.
    """
    named, token = ATTEMPT.match(path), headers.bearer()
    try:
        known = named and token and is_worker(int(named[1]), int(named[2]), token)
    except AttemptOver:
        raise RequestRejected(
            410, "over", "The attempt has ended; another one may have taken its place."
        ) from None
    if not known:
        raise RequestRejected(401, "unauthorized", "This is not the token of this attempt.")
    if headers.one(b"origin") is not None or headers.one(b"sec-fetch-site") is not None:
        raise RequestRejected(403, "forbidden", "A worker is no page.")

"""Rejects requests that two parsers may read in two ways."""

from __future__ import annotations

from ..errors import RequestRejected
from .asgi import Headers, Scope

# Headers of which only one value can be meant; `Host` and forwarding headers have other rules.
ONCE = (
    b"authorization",
    b"content-length",
    b"content-type",
    b"idempotency-key",
    b"last-event-id",
    b"origin",
    b"sec-fetch-site",
    b"transfer-encoding",
)
AMBIGUOUS_LENGTH = "ambiguous_length"


def check_message(scope: Scope, headers: Headers) -> None:
    """Reject a message that two parsers may read in two ways.

    Raises:
        RequestRejected: a header that decides something occurs twice, or the length is ambiguous.
    """
    for name in ONCE:
        headers.one(name)
    if headers.one(b"transfer-encoding") is not None and (
        headers.one(b"content-length") is not None or scope.get("http_version") == "1.0"
    ):  # RFC 9112, 6.1 and 6.3: an error, and the end of the connection
        raise RequestRejected(400, AMBIGUOUS_LENGTH, "The length of the request is ambiguous.")

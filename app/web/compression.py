"""Compresses answers for clients that take gzip; streams of events pass as they are."""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

COMPRESSED_BYTES_MIN = 1_000
LEVEL = 4  # of zlib: half the time of 6, and 7 % more bytes
# An event must not wait in a compressor; a Parquet file is compressed already.
NEVER_COMPRESSED = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/vnd.apache.parquet")
# One part of Accept-Encoding: a coding, and how welcome it is (RFC 9110, 12.5.3).
CODING = re.compile(
    r"\s*([\w*!#$%&'+.^`|~-]+)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?", re.A | re.I
)


class CompressionMiddleware:
    """An ASGI application that wraps another one."""

    def __init__(self, app: ASGIApp) -> None:
        self._compressing = GZipMiddleware(
            app, COMPRESSED_BYTES_MIN, LEVEL, exclude_content_types=NEVER_COMPRESSED
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            accepted = ", ".join(Headers(scope=scope).getlist("accept-encoding"))
            kept = [item for item in scope["headers"] if item[0].lower() != b"accept-encoding"]
            if takes_gzip(accepted):  # the middleware looks for the word alone
                kept.append((b"accept-encoding", b"gzip"))
            scope = {**scope, "headers": kept}
        await self._compressing(scope, receive, send)


def takes_gzip(accept_encoding: str) -> bool:
    """Whether a client takes gzip, by its Accept-Encoding; one that says nothing does not."""
    welcome: dict[str, float] = {}
    for part in accept_encoding.split(","):
        found = CODING.fullmatch(part)
        if found is not None:
            welcome[found[1].lower()] = float(found[2] or 1)
    named = welcome.get("gzip", welcome.get("x-gzip"))
    return (welcome.get("*", 0.0) if named is None else named) > 0

"""ASGI types, and the headers of a request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

from ..errors import RequestRejected

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

DEFAULT_PORTS = {"http": 80, "https": 443}


class Headers:
    """The headers of a request, which may hold anything."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._raw = list(raw)

    def all(self, name: bytes) -> list[bytes]:
        return [value for key, value in self._raw if key.lower() == name]

    def one(self, name: bytes) -> bytes | None:
        """The value of a header that may occur once.

        Raises:
            RequestRejected: it occurs twice.
        """
        values = self.all(name)
        if len(values) > 1:
            raise RequestRejected(400, "invalid", "A header occurs twice.")
        return values[0] if values else None

    def bearer(self) -> bytes | None:
        """The bearer token; None without one. Other schemes, which a browser adds, do not count.

        Raises:
            RequestRejected: the header occurs twice.
        """
        scheme, _, token = (self.one(b"authorization") or b"").partition(b" ")
        return token.strip() if scheme.lower() == b"bearer" else None

    def cookies(self, name: str) -> tuple[str, ...]:
        """Every value of a cookie.

        A page on another port or path of the same host can add one of the same name, so a browser
        may send several. This is the only reading of a cookie: what is decided by one of them has
        to be decided by all.
        """
        pairs = (pair for line in self.all(b"cookie") for pair in line.decode("latin-1").split(";"))
        named = (pair.strip().partition("=") for pair in pairs)
        return tuple(dict.fromkeys(value for key, _, value in named if key == name))


def parse_authority(text: str, scheme: str) -> tuple[str, int] | None:
    """Name in lower case and port; None if the text is not `name`, `name:port` or `[v6]:port`."""
    if text.startswith("["):
        name, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            return None
        port = rest[1:] if rest else ""
        if rest == ":":
            return None
    else:
        name, colon, port = text.partition(":")
        if colon and not port:
            return None
    is_number = port.isascii() and port.isdigit() and len(port) <= len("65535")
    if port and not (is_number and 0 < int(port) <= 65_535):
        return None
    return (name.lower(), int(port) if port else DEFAULT_PORTS.get(scheme, 0)) if name else None

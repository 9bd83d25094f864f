"""What a reverse proxy says of a request: heard from the named ones only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..limits import FORWARDED_CHARACTERS_MAX
from .asgi import Headers, RequestRejected, Scope
from .networks import Network, in_networks

_ELEMENT = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*+")++')
_PAIR = re.compile(r'(\w{1,32})\s{0,8}=\s{0,8}("(?:[^"\\]|\\.)*+"|[^;,\s"]+)')


@dataclass(frozen=True, slots=True)
class ForwardedRequest:
    """A request as it reached the proxy.

    host: what it named as its host there; None when the proxy says nothing of it.
    """

    scheme: str
    host: str | None
    client: str


def resolve_forwarded(
    scope: Scope, headers: Headers, trusted: Sequence[Network]
) -> ForwardedRequest:
    """The request as its sender made it, as far as somebody trusted says so.

    Of a list only the last entry counts: that one the proxy in front of us has written, all before
    may come from anybody. `X-Forwarded-…` counts more than `Forwarded`.

    Raises:
        Refused: a trusted proxy says something that makes no sense.
    """
    peer = scope["client"][0] if scope.get("client") else ""
    own = ForwardedRequest(scope.get("scheme", "http"), None, peer)
    if not in_networks(peer, trusted):
        return own
    said = _forwarded(headers)
    said |= {
        field: listed[-1]
        for field, name in (("proto", b"x-forwarded-proto"), ("host", b"x-forwarded-host"))
        if (listed := _listed(headers, name))
    }
    scheme = said.get("proto", own.scheme).lower()
    if scheme not in ("http", "https"):
        raise RequestRejected(400, "invalid", "The proxy names no scheme that there is.")
    clients = _listed(headers, b"x-forwarded-for") or [said.get("for", peer)]
    strangers = [one for one in clients if not in_networks(one, trusted)]
    return ForwardedRequest(scheme, said.get("host"), strangers[-1] if strangers else peer)


def _listed(headers: Headers, name: bytes) -> list[str]:
    text = ",".join(value.decode("latin-1") for value in headers.all(name))
    return [item.strip() for item in text.split(",") if item.strip()]


def _forwarded(headers: Headers) -> dict[str, str]:
    """The pairs of the last element of `Forwarded` (RFC 7239).

    Raises:
        Refused: it is longer than any that proxies write.
    """
    text = ",".join(value.decode("latin-1") for value in headers.all(b"forwarded"))
    if len(text) > FORWARDED_CHARACTERS_MAX:
        raise RequestRejected(431, "too_long", "The headers are too long.")
    elements = _ELEMENT.findall(text)
    pairs = _PAIR.findall(elements[-1]) if elements else []
    return {key.lower(): re.sub(r"\\(.)", r"\1", value.strip('"')) for key, value in pairs}

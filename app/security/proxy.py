"""Forwarding headers, which are trusted from the configured proxies only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import RequestRejected
from ..limits import FORWARDED_CHARACTERS_MAX
from .asgi import Headers, Scope
from .networks import Network, in_networks

_ELEMENT = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*+")++')
_PAIR = re.compile(r'(\w{1,32})\s{0,8}=\s{0,8}("(?:[^"\\]|\\.)*+"|[^;,\s"]+)')


@dataclass(frozen=True, slots=True)
class ForwardedRequest:
    """A request as it reached the proxy.

    host: its host there; None if the proxy does not say.
    """

    scheme: str
    host: str | None
    client: str


def resolve_forwarded(
    scope: Scope, headers: Headers, trusted: Sequence[Network]
) -> ForwardedRequest:
    """The request as the client made it, according to trusted proxies.

    Of a list only the last entry counts: our proxy has written it, and all others may come from
    the client. `X-Forwarded-…` takes precedence over `Forwarded`.

    Raises:
        RequestRejected: a trusted proxy names an invalid scheme, or its header is too long.
    """
    peer = scope["client"][0] if scope.get("client") else ""
    own = ForwardedRequest(scope.get("scheme", "http"), None, peer)
    if not in_networks(peer, trusted):
        return own
    values = _forwarded(headers)
    values |= {
        field: listed[-1]
        for field, name in (("proto", b"x-forwarded-proto"), ("host", b"x-forwarded-host"))
        if (listed := _listed(headers, name))
    }
    scheme = values.get("proto", own.scheme).lower()
    if scheme not in ("http", "https"):
        raise RequestRejected(400, "invalid", "The proxy names an unknown scheme.")
    clients = _listed(headers, b"x-forwarded-for") or [values.get("for", peer)]
    untrusted = [client for client in clients if not in_networks(client, trusted)]
    return ForwardedRequest(scheme, values.get("host"), untrusted[-1] if untrusted else peer)


def _listed(headers: Headers, name: bytes) -> list[str]:
    text = ",".join(value.decode("latin-1") for value in headers.all(name))
    return [item.strip() for item in text.split(",") if item.strip()]


def _forwarded(headers: Headers) -> dict[str, str]:
    """The pairs of the last element of `Forwarded` (RFC 7239).

    Raises:
        RequestRejected: it is longer than any proxy writes.
    """
    text = ",".join(value.decode("latin-1") for value in headers.all(b"forwarded"))
    if len(text) > FORWARDED_CHARACTERS_MAX:
        raise RequestRejected(431, "too_long", "The request headers are too large.")
    elements = _ELEMENT.findall(text)
    pairs = _PAIR.findall(elements[-1]) if elements else []
    return {key.lower(): re.sub(r"\\(.)", r"\1", value.strip('"')) for key, value in pairs}

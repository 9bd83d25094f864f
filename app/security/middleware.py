"""The outermost layer: lets nothing in that it does not know, on every kind of connection.

Order: host, origin, where the browser says it comes from, content type, who it is, size, JSON. What
is refused gets the one error body with a constant text, and every answer gets the security headers.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from h11 import LocalProtocolError

from ..errors import APIError
from ..limits import HEADERS_BYTES_MAX, URL_BYTES_MAX
from .asgi import (
    App,
    Headers,
    Message,
    Receive,
    RequestRejected,
    Scope,
    Send,
    parse_authority,
)
from .networks import Network
from .proxy import resolve_forwarded
from .request_body import checked_body
from .tokens import OWNER

OPEN_TO_ALL = {("GET", "/api/health"), ("HEAD", "/api/health"), ("POST", "/api/session")}
READS = ("GET", "HEAD", "OPTIONS")
# A viewer may sign out, and may not read how to watch: a link is passed on by its owner.
OWN_SESSION = ("DELETE", "/api/session")
OWNERS_PATHS = {"/api/session/link"}

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS = [
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Whom to let in.

    host_names: names that a request may carry in its Host header, lower case.
    cookie_name: of the session cookie.
    cookie_role: who a cookie belongs to; None when it is no session.
    token_role: whose a token from an address is; None when it is nobody's. May raise
    `TooManyRequests`.
    proxies: peers whose word about a request counts.
    root_path: below which everything is, as far as the proxy has not taken it away.
    """

    host_names: frozenset[str]
    cookie_name: str
    cookie_role: Callable[[str], str | None]
    token_role: Callable[[bytes, str], str | None]
    proxies: tuple[Network, ...] = ()
    root_path: str = ""


class SecurityMiddleware:
    """An ASGI application around another one."""

    def __init__(self, app: App, policy: AccessPolicy) -> None:
        self._app = app
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            scope = {**scope, "path": self._below_root(scope["path"])}
            await self._http(scope, receive, _with_security_headers(scope, send))
        else:  # there are no websockets here; refused before they are accepted
            await send({"type": "websocket.close", "code": 1008})

    def _below_root(self, path: str) -> str:
        """A proxy may take the root path away or leave it; one that is only that is empty."""
        root = self._policy.root_path
        inside = path == root or path.startswith(f"{root}/")
        return path[len(root) :] if root and inside else path

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._authorize(scope)
            if scope["path"] == "" and scope["method"] in READS:
                await _send_on(scope, send, f"{self._policy.root_path}/")
                return
            if scope["method"] not in READS:
                receive = await checked_body(scope, receive)
        except RequestRejected as refused:
            await _answer(send, refused.status_code, refused.body)
        except APIError as problem:
            await _answer(send, problem.status_code, problem.body())
        else:
            await self._app(scope, receive, send)

    def _authorize(self, scope: Scope) -> None:
        """Return when the request may go on; what a trusted proxy says of it is in `scope` then.

        Raises:
            Refused: it may not.
        """
        method, path = scope["method"], scope["path"]
        headers = Headers(scope["headers"])
        _check_size(scope)
        own = self._own_origin(scope, headers)
        if any(sign < " " or sign == "\x7f" for sign in path):
            raise RequestRejected(404, "not_found", "There is no such address.")
        page = method in ("GET", "HEAD") and not _is_api(path)
        bearer = headers.bearer()
        # Both are looked at: a right origin does not make up for a wrong site, nor the other way.
        by_origin = _check_origin(headers, own)
        by_fetch = _check_fetch(headers, method, page=page)
        proven = by_origin or by_fetch
        if method not in READS:
            if not proven and bearer is None:
                if (method, path) not in OPEN_TO_ALL:
                    self._role_of(scope, headers, bearer)  # who is nobody at all is told to sign in
                raise RequestRejected(403, "forbidden", "A change must come from the page itself.")
            _check_content_type(headers)
        if not page and (method, path) not in OPEN_TO_ALL:
            role = self._role_of(scope, headers, bearer)
            if role != OWNER:
                _check_only_watches(method, path)
            scope["state"] = {**scope.get("state", {}), "role": role}

    def _own_origin(self, scope: Scope, headers: Headers) -> tuple[str, str, int]:
        """Scheme, name and port under which the request was made; the name must be one of ours.

        That holds for what reached us as well: on a machine where a proxy is trusted, the page of
        a rebound name could say anything about itself, but not that.
        """
        seen = resolve_forwarded(scope, headers, self._policy.proxies)
        scope["scheme"], scope["client"] = seen.scheme, (seen.client, 0)
        hosts = headers.all(b"host")
        if len(hosts) != 1:
            raise RequestRejected(400, "invalid", "A request must name one host.")
        named = [hosts[0].decode("latin-1"), *([] if seen.host is None else [seen.host])]
        origin = ("", 0)
        for name in named:
            found = parse_authority(name, seen.scheme)
            if found is None or found[0] not in self._policy.host_names:
                raise RequestRejected(
                    421,
                    "wrong_host",
                    "This server does not answer under that name; see --allow-host.",
                )
            origin = found
        return (seen.scheme, *origin)

    def _role_of(self, scope: Scope, headers: Headers, bearer: bytes | None) -> str:
        """The role of a request: by its token, or by its cookie."""
        if bearer is not None:
            role = self._policy.token_role(bearer, scope["client"][0])
        else:
            cookie = headers.cookie(self._policy.cookie_name)
            role = self._policy.cookie_role(cookie) if cookie else None
        if role is None:
            raise RequestRejected(
                401, "unauthorized", "Sign in with the token that the server printed."
            )
        return role


def _is_api(path: str) -> bool:
    return path == "/api" or path.startswith("/api/")


def _check_size(scope: Scope) -> None:
    url = len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"")
    if url > URL_BYTES_MAX:
        raise RequestRejected(414, "too_long", "The address is too long.")
    if sum(len(key) + len(value) for key, value in scope["headers"]) > HEADERS_BYTES_MAX:
        raise RequestRejected(431, "too_long", "The headers are too long.")


def _check_origin(headers: Headers, own: tuple[str, str, int]) -> bool:
    """True when the browser says that our own page asks.

    Raises:
        Refused: it says that somebody else does.
    """
    origin = headers.one(b"origin")
    if origin is None:
        return False
    scheme, separator, authority = origin.decode("latin-1").partition("://")
    found = parse_authority(authority, scheme) if separator else None
    if found is None or (scheme.lower(), *found) != own:
        raise RequestRejected(403, "forbidden", "Requests of other sites are not answered.")
    return True


def _check_fetch(headers: Headers, method: str, *, page: bool) -> bool:
    site = headers.one(b"sec-fetch-site")
    if site is None or page:
        return False
    if site == b"same-origin":
        return True
    if site == b"none" and method in READS:
        return False
    raise RequestRejected(403, "forbidden", "Requests of other sites are not answered.")


def _check_only_watches(method: str, path: str) -> None:
    """What holds for every route there is, and every one to come: a viewer changes nothing."""
    if path in OWNERS_PATHS or (method not in READS and (method, path) != OWN_SESSION):
        raise RequestRejected(
            403,
            "forbidden",
            "You may watch; to change something, sign in with the owner's token.",
        )


def _check_content_type(headers: Headers) -> None:
    content_type = headers.one(b"content-type") or b""
    if content_type.partition(b";")[0].strip().lower() != b"application/json":
        raise RequestRejected(
            415, "unsupported_media_type", "A change needs the content type application/json."
        )


def _with_security_headers(scope: Scope, send: Send) -> Send:
    api = _is_api(scope["path"])

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", []), *SECURITY_HEADERS]
            if api and not any(key.lower() == b"cache-control" for key, _ in headers):
                headers.append((b"cache-control", b"no-store"))
            message = {**message, "headers": headers}
        # When the rest of a request turns out to be no HTTP, its sender has been told and is gone.
        with contextlib.suppress(LocalProtocolError):
            await send(message)

    return send_with_headers


async def _send_on(scope: Scope, send: Send, path: str) -> None:
    """To where the page is: its addresses are relative to a folder."""
    query = scope.get("query_string") or b""
    location = quote(path).encode() + (b"?" + query if query else b"")
    headers = [(b"location", location), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 308, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _answer(send: Send, status_code: int, body: dict[str, Any]) -> None:
    content = json.dumps(body).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
    ]
    if status_code == 429:
        headers.append((b"retry-after", b"1"))
    if status_code == 413:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status_code, "headers": headers})
    await send({"type": "http.response.body", "body": content})

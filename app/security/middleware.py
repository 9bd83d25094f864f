"""The outermost layer: rejects every request that it cannot attribute to a role.

Order of the checks: host, origin, fetch metadata, content type, role, size, JSON. A rejected
request gets an error body with a constant text, and every response gets the security headers.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from h11 import LocalProtocolError

from ..errors import APIError, RequestRejected
from ..limits import HEADERS_BYTES_MAX, URL_BYTES_MAX, VIEWER_REQUESTS_MAX
from .asgi import (
    App,
    Headers,
    Message,
    Receive,
    Scope,
    Send,
    parse_authority,
)
from .message import AMBIGUOUS_LENGTH, check_message
from .networks import Network
from .proxy import resolve_forwarded
from .request_body import checked_body
from .tokens import OWNER, VIEWER
from .worker_gate import IsWorker, check_worker, is_workers_path, nobody

OPEN_TO_ALL = {("GET", "/api/health"), ("HEAD", "/api/health"), ("POST", "/api/session")}
READS = ("GET", "HEAD", "OPTIONS")
# A viewer may sign out, but may not read the viewer link: only the owner shares it.
OWN_SESSION = ("DELETE", "/api/session")
OWNERS_PATHS = {"/api/session/link"}
# Requests that wait without a thread; the broker limits them.
HELD_OPEN = re.compile(r"/api/(stream|tasks|runs/\d+/commands/\d+)", re.ASCII)

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
    """Which requests are accepted.

    host_names: names allowed in the Host header, in lower case.
    cookie_name: the name of the session cookie.
    cookie_role: the role of a session cookie; None if it is not valid.
    token_role: the role of a token sent from an address; None if it is not valid. May raise
    `TooManyRequests`.
    proxies: peers whose forwarding headers are trusted.
    root_path: the path prefix of the application, if the proxy has not removed it.
    is_worker: whether a token is that of an attempt which works elsewhere.
    """

    host_names: frozenset[str]
    cookie_name: str
    cookie_role: Callable[[str], str | None]
    token_role: Callable[[bytes, str], str | None]
    proxies: tuple[Network, ...] = ()
    root_path: str = ""
    is_worker: IsWorker = nobody


class SecurityMiddleware:
    """An ASGI application that wraps another one."""

    def __init__(self, app: App, policy: AccessPolicy) -> None:
        self._app = app
        self._policy = policy
        self._viewers = asyncio.Semaphore(VIEWER_REQUESTS_MAX)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            scope = {**scope, "path": self._below_root(scope["path"])}
            await self._http(scope, receive, _with_security_headers(scope, send))
        else:  # no websockets: closed before they are accepted
            await send({"type": "websocket.close", "code": 1008})

    def _below_root(self, path: str) -> str:
        """The path below the root path, which a proxy may have removed already."""
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
        except APIError as problem:
            await _answer(send, problem.status_code, problem.body())
        else:
            is_viewer = scope.get("state", {}).get("role") == VIEWER
            if is_viewer and not HELD_OPEN.fullmatch(scope["path"]):
                async with self._viewers:  # threads and connections of the database are few
                    await self._app(scope, receive, send)
            else:
                await self._app(scope, receive, send)

    def _authorize(self, scope: Scope) -> None:
        """Accept a request, and write what a trusted proxy says of it into `scope`.

        Raises:
            RequestRejected: it is not accepted.
        """
        method, path = scope["method"], scope["path"]
        headers = Headers(scope["headers"])
        _check_size(scope)
        check_message(scope, headers)
        own = self._own_origin(scope, headers)
        if any(sign < " " or sign == "\x7f" for sign in path):
            raise RequestRejected(404, "not_found", "This address does not exist.")
        if is_workers_path(path):
            check_worker(path, headers, self._policy.is_worker)
            return
        page = method in ("GET", "HEAD") and not _is_api(path)
        bearer = headers.bearer()
        # Both are checked: a valid origin does not make up for a foreign site, or vice versa.
        by_origin = _check_origin(headers, own)
        by_fetch = _check_fetch(headers, method, page=page)
        proven = by_origin or by_fetch
        if method not in READS:
            if not proven and bearer is None:
                if (method, path) not in OPEN_TO_ALL:
                    self._role_of(scope, headers, bearer)  # without a role: 401 rather than 403
                raise RequestRejected(403, "forbidden", "Changes must come from the page itself.")
            _check_content_type(headers)
        if not page and (method, path) not in OPEN_TO_ALL:
            role = self._role_of(scope, headers, bearer)
            if role != OWNER:
                _check_only_watches(method, path)
            # What a route decides by the session, it decides by what was read here.
            cookies = headers.cookies(self._policy.cookie_name)
            sessions = tuple(cookie for cookie in cookies if self._policy.cookie_role(cookie))
            scope["state"] = {**scope.get("state", {}), "role": role, "sessions": sessions}

    def _own_origin(self, scope: Scope, headers: Headers) -> tuple[str, str, int]:
        """Scheme, name and port of the request; the name must be an allowed one.

        The Host header as received is checked as well: where a proxy is trusted, a page behind a
        rebound DNS name could set all forwarding headers, but not that one.
        """
        forwarded = resolve_forwarded(scope, headers, self._policy.proxies)
        scope["scheme"], scope["client"] = forwarded.scheme, (forwarded.client, 0)
        hosts = headers.all(b"host")
        if len(hosts) != 1:
            raise RequestRejected(400, "invalid", "A request must have one Host header.")
        names = [hosts[0].decode("latin-1")]
        if forwarded.host is not None:
            names.append(forwarded.host)
        origin = ("", 0)
        for name in names:
            authority = parse_authority(name, forwarded.scheme)
            if authority is None or authority[0] not in self._policy.host_names:
                raise RequestRejected(
                    421,
                    "wrong_host",
                    "This server does not serve this host name; see --allow-host.",
                )
            origin = authority
        return (forwarded.scheme, *origin)

    def _role_of(self, scope: Scope, headers: Headers, bearer: bytes | None) -> str:
        """The role of a request: by its token, or by its cookie."""
        if bearer is not None:
            role = self._policy.token_role(bearer, scope["client"][0])
        else:
            role = self._role_of_cookies(headers.cookies(self._policy.cookie_name))
        if role is None:
            raise RequestRejected(
                401,
                "unauthorized",
                "Not authenticated. Sign in with the token of this server.",
            )
        return role

    def _role_of_cookies(self, cookies: tuple[str, ...]) -> str | None:
        """The role of the valid ones; of sessions with different roles, the lesser one."""
        roles = {self._policy.cookie_role(cookie) for cookie in cookies} - {None}
        return min(roles, key=(VIEWER, OWNER).index, default=None)


def _is_api(path: str) -> bool:
    return path == "/api" or path.startswith("/api/")


def _check_size(scope: Scope) -> None:
    url = len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"")
    if url > URL_BYTES_MAX:
        raise RequestRejected(414, "too_long", "The URL is too long.")
    if sum(len(key) + len(value) for key, value in scope["headers"]) > HEADERS_BYTES_MAX:
        raise RequestRejected(431, "too_long", "The request headers are too large.")


def _check_origin(headers: Headers, own: tuple[str, str, int]) -> bool:
    """True if the browser says that the request comes from our own page.

    Raises:
        RequestRejected: it comes from another site.
    """
    origin = headers.one(b"origin")
    if origin is None:
        return False
    scheme, separator, authority = origin.decode("latin-1").partition("://")
    found = parse_authority(authority, scheme) if separator else None
    if found is None or (scheme.lower(), *found) != own:
        raise RequestRejected(403, "forbidden", "Requests from other sites are not allowed.")
    return True


def _check_fetch(headers: Headers, method: str, *, page: bool) -> bool:
    site = headers.one(b"sec-fetch-site")
    if site is None or page:
        return False
    if site == b"same-origin":
        return True
    if site == b"none" and method in READS:
        return False
    raise RequestRejected(403, "forbidden", "Requests from other sites are not allowed.")


def _check_only_watches(method: str, path: str) -> None:
    """Reject changes by a viewer, on every present and future route."""
    if path in OWNERS_PATHS or (method not in READS and (method, path) != OWN_SESSION):
        raise RequestRejected(
            403,
            "forbidden",
            "View only. Sign in with the owner's token to make changes.",
        )


def _check_content_type(headers: Headers) -> None:
    content_type = headers.one(b"content-type") or b""
    if content_type.partition(b";")[0].strip().lower() != b"application/json":
        raise RequestRejected(
            415, "unsupported_media_type", "The content type must be application/json."
        )


def _with_security_headers(scope: Scope, send: Send) -> Send:
    api = _is_api(scope["path"])

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", []), *SECURITY_HEADERS]
            if api and not any(key.lower() == b"cache-control" for key, _ in headers):
                headers.append((b"cache-control", b"no-store"))
            message = {**message, "headers": headers}
        # If the rest of a request is not valid HTTP, its sender has its response already.
        with contextlib.suppress(LocalProtocolError):
            await send(message)

    return send_with_headers


async def _send_on(scope: Scope, send: Send, path: str) -> None:
    """Redirect to the page: its URLs are relative to a folder."""
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
    if status_code == 413 or body["error"] == AMBIGUOUS_LENGTH:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status_code, "headers": headers})
    await send({"type": "http.response.body", "body": content})

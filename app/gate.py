"""The outermost layer: lets nothing in that it does not know, on every kind of connection.

Order: host, origin, where the browser says it comes from, content type, who it is, size, JSON. What
is refused gets the one error body with a constant text, and every answer gets the security headers.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from app.errors import Invalid, error_body
from app.limits import BODY_BYTES_MAX, HEADERS_BYTES_MAX, RECIPE_BODY_BYTES_MAX, URL_BYTES_MAX
from app.strict_json import check_json

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN_TO_ALL = {("GET", "/api/health"), ("HEAD", "/api/health"), ("POST", "/api/session")}
READS = ("GET", "HEAD", "OPTIONS")
DEFAULT_PORTS = {"http": 80, "https": 443}

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


class Refused(Exception):
    """The gate stays shut."""

    def __init__(self, status_code: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.body = error_body(error, message)


@dataclass(frozen=True, slots=True)
class Policy:
    """Whom to let in.

    host_names: names that a request may carry in its Host header, lower case.
    token: the bearer token.
    cookie_name: of the session cookie.
    role: who a cookie belongs to; None when it is no session.
    """

    host_names: frozenset[str]
    token: str
    cookie_name: str
    role: Callable[[str], str | None]


class Gate:
    """An ASGI application around another one."""

    def __init__(self, app: App, policy: Policy) -> None:
        self._app = app
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, _with_security_headers(scope, send))
        else:  # there are no websockets here; refused before they are accepted
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._judge(scope)
            if scope["method"] not in READS:
                receive = await _checked_body(scope, receive)
        except Refused as refused:
            await _answer(send, refused.status_code, refused.body)
        except Invalid as invalid:
            await _answer(send, invalid.status_code, invalid.body())
        else:
            await self._app(scope, receive, send)

    def _judge(self, scope: Scope) -> None:
        """Return when the request may go on.

        Raises:
            Refused: it may not.
        """
        method, path = scope["method"], scope["path"]
        headers = Headers(scope["headers"])
        _check_size(scope)
        own = _own_origin(scope, headers, self._policy.host_names)
        page = method in ("GET", "HEAD") and not _is_api(path)
        bearer = headers.one(b"authorization")
        proven = _check_origin(headers, own) or _check_fetch(headers, method, page=page)
        if method not in READS:
            if not proven and bearer is None:
                if (method, path) not in OPEN_TO_ALL:
                    self._who(headers, bearer)  # who is nobody at all is told to sign in
                raise Refused(403, "forbidden", "A change must come from the page itself.")
            _check_content_type(headers)
        if not page and (method, path) not in OPEN_TO_ALL:
            scope["state"] = {**scope.get("state", {}), "role": self._who(headers, bearer)}

    def _who(self, headers: Headers, bearer: bytes | None) -> str:
        """The role of a request: by its token, or by its cookie."""
        if bearer is not None:
            scheme, _, token = bearer.partition(b" ")
            right = hmac.compare_digest(token.strip(), self._policy.token.encode())
            if scheme.lower() == b"bearer" and right:
                return "owner"
        else:
            cookie = headers.cookie(self._policy.cookie_name)
            role = self._policy.role(cookie) if cookie else None
            if role is not None:
                return role
        raise Refused(401, "unauthorized", "Sign in with the token that the server printed.")


class Headers:
    """The headers of a request, read without trust."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._raw = list(raw)

    def all(self, name: bytes) -> list[bytes]:
        return [value for key, value in self._raw if key.lower() == name]

    def one(self, name: bytes) -> bytes | None:
        """The value of a header that may occur once.

        Raises:
            Refused: it occurs twice.
        """
        values = self.all(name)
        if len(values) > 1:
            raise Refused(400, "invalid", "A header occurs twice.")
        return values[0] if values else None

    def cookie(self, name: str) -> str | None:
        for line in self.all(b"cookie"):
            for pair in line.decode("latin-1").split(";"):
                key, _, value = pair.strip().partition("=")
                if key == name:
                    return value
        return None


def _is_api(path: str) -> bool:
    return path == "/api" or path.startswith("/api/")


def _check_size(scope: Scope) -> None:
    url = len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"")
    if url > URL_BYTES_MAX:
        raise Refused(414, "too_long", "The address is too long.")
    if sum(len(key) + len(value) for key, value in scope["headers"]) > HEADERS_BYTES_MAX:
        raise Refused(431, "too_long", "The headers are too long.")


def _own_origin(scope: Scope, headers: Headers, host_names: frozenset[str]) -> tuple[str, str, int]:
    """Scheme, name and port under which the request reached us; the name must be one of ours."""
    hosts = headers.all(b"host")
    if len(hosts) != 1:
        raise Refused(400, "invalid", "A request must name one host.")
    scheme = scope.get("scheme", "http")
    found = _parse_authority(hosts[0].decode("latin-1"), scheme)
    if found is None or found[0] not in host_names:
        raise Refused(
            421, "wrong_host", "This server does not answer under that name; see --allow-host."
        )
    return (scheme, *found)


def _parse_authority(text: str, scheme: str) -> tuple[str, int] | None:
    """Name in lower case, and port; None when it is not just `name`, `name:port` or `[v6]:port`."""
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
    if port and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) <= 65_535):
        return None
    return (name.lower(), int(port) if port else DEFAULT_PORTS.get(scheme, 0)) if name else None


def _check_origin(headers: Headers, own: tuple[str, str, int]) -> bool:
    """True when the browser says that our own page asks.

    Raises:
        Refused: it says that somebody else does.
    """
    origin = headers.one(b"origin")
    if origin is None:
        return False
    scheme, separator, authority = origin.decode("latin-1").partition("://")
    found = _parse_authority(authority, scheme) if separator else None
    if found is None or (scheme.lower(), *found) != own:
        raise Refused(403, "forbidden", "Requests of other sites are not answered.")
    return True


def _check_fetch(headers: Headers, method: str, *, page: bool) -> bool:
    site = headers.one(b"sec-fetch-site")
    if site is None or page:
        return False
    if site == b"same-origin":
        return True
    if site == b"none" and method in READS:
        return False
    raise Refused(403, "forbidden", "Requests of other sites are not answered.")


def _check_content_type(headers: Headers) -> None:
    content_type = headers.one(b"content-type") or b""
    if content_type.partition(b";")[0].strip().lower() != b"application/json":
        raise Refused(
            415, "unsupported_media_type", "A change needs the content type application/json."
        )


async def _checked_body(scope: Scope, receive: Receive) -> Receive:
    """Take in the whole body, which is small, and check it before anything reads it."""
    most = RECIPE_BODY_BYTES_MAX if scope["path"] == "/api/replays" else BODY_BYTES_MAX
    declared = Headers(scope["headers"]).one(b"content-length")
    if declared is not None and (not declared.isdigit() or int(declared[:20]) > most):
        raise Refused(413, "too_long", f"A body has at most {most:,} bytes.")
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "invalid", "The request ended early.")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > most:
            raise Refused(413, "too_long", f"A body has at most {most:,} bytes.")
    if body:
        check_json(bytes(body))
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return replay


def _with_security_headers(scope: Scope, send: Send) -> Send:
    api = _is_api(scope["path"])

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", []), *SECURITY_HEADERS]
            if api and not any(key.lower() == b"cache-control" for key, _ in headers):
                headers.append((b"cache-control", b"no-store"))
            message = {**message, "headers": headers}
        await send(message)

    return send_with_headers


async def _answer(send: Send, status_code: int, body: dict[str, Any]) -> None:
    content = json.dumps(body).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
    ]
    if status_code == 413:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status_code, "headers": headers})
    await send({"type": "http.response.body", "body": content})

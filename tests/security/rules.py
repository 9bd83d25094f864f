"""What may pass, worked out from the rules alone: each choice of a request says what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Pairs: TypeAlias = tuple[tuple[bytes, bytes], ...]
OWN = "127.0.0.1:8000"


@dataclass(frozen=True)
class Host:
    """names: what the request carries, as often as it does."""

    names: tuple[str, ...]
    ours: bool = False

    @property
    def headers(self) -> Pairs:
        return tuple((b"host", name.encode()) for name in self.names)


@dataclass(frozen=True)
class Origin:
    """text: with `{host}` where the name of the request's own host stands; None: there is none."""

    text: str | None
    own: bool = False

    def headers(self, host: Host) -> Pairs:
        if self.text is None:
            return ()
        name = host.names[0] if host.names else OWN
        return ((b"origin", self.text.replace("{host}", name).encode()),)


@dataclass(frozen=True)
class Fetch:
    """Where the browser says that a request comes from; None: it is no browser, or an old one."""

    site: str | None

    @property
    def headers(self) -> Pairs:
        return () if self.site is None else ((b"sec-fetch-site", self.site.encode()),)


@dataclass(frozen=True)
class ContentType:
    text: str | None
    is_json: bool = False

    @property
    def headers(self) -> Pairs:
        return () if self.text is None else ((b"content-type", self.text.encode()),)


Role: TypeAlias = Literal["owner", "viewer"]


@dataclass(frozen=True)
class Credentials:
    """names: headers, with `{…}` for what only the server knows; role: whose they are.

    proves: no page of somebody else can make a browser send them. guesses: with a wrong token.
    """

    names: tuple[tuple[str, str], ...]
    role: Role | None = None
    proves: bool = False
    guesses: bool = False

    @property
    def is_cookie(self) -> bool:
        return any(name == "cookie" for name, _ in self.names) and self.role is not None

    def headers(self, known: dict[str, str]) -> Pairs:
        return tuple(
            (name.encode(), text.format_map(known).encode("latin-1")) for name, text in self.names
        )


HOSTS = (
    Host((OWN,), ours=True),
    Host(("LocalHost:1234",), ours=True),
    Host(("[::1]",), ours=True),
    Host(("evil.example",)),
    Host((f"{OWN}.evil.example",)),
    Host(("localhost.evil.example",)),
    Host(("127.0.0.1.nip.io:8000",)),
    Host((f"127.0.0.1@{OWN}",)),
    Host(("xlocalhost",)),
    Host(("localhost.",)),
    Host(()),
    Host((OWN, OWN)),
)
ORIGINS = (
    Origin("http://{host}", own=True),
    Origin(None),
    Origin("null"),
    Origin("http://evil.example"),
    Origin("http://127.0.0.1:8001"),
    Origin("https://{host}"),
    Origin("http://{host}.evil.example"),
    Origin("http://{host}5"),
    Origin("http://evil.example/http://{host}"),
    Origin("http://x@{host}"),
    Origin("{host}"),
    Origin(""),
)
FETCHES = tuple(
    Fetch(site) for site in (None, "same-origin", "same-site", "cross-site", "none", "Same-Origin ")
)
CONTENT_TYPES = (
    ContentType("application/json", is_json=True),
    ContentType("Application/JSON; charset=utf-8", is_json=True),
    ContentType(None),
    ContentType("text/plain"),
    ContentType("application/x-www-form-urlencoded"),
    ContentType("multipart/form-data; boundary=x"),
    ContentType("text/plain; application/json"),
    ContentType("application/jsonp"),
)
CREDENTIALS = (
    Credentials((("authorization", "Bearer {owner}"),), role="owner", proves=True),
    Credentials((("cookie", "{cookie}={owner_cookie}"),), role="owner"),
    Credentials((("authorization", "bearer {viewer}"),), role="viewer", proves=True),
    Credentials((("cookie", "a=b; {cookie}={viewer_cookie}"),), role="viewer"),
    Credentials(()),
    Credentials((("authorization", "Bearer {owner}x"),), proves=True, guesses=True),
    Credentials(
        (("authorization", "Bearer wrong"), ("cookie", "{cookie}={owner_cookie}")),
        proves=True,
        guesses=True,
    ),
    Credentials((("cookie", "{cookie}={owner}"),)),
    Credentials((("cookie", "x{cookie}={owner_cookie}"),)),
    Credentials((("authorization", "Basic {owner}"),)),
    Credentials((("x-token", "{owner}"), ("referer", "http://{cookie}/?t={owner}"))),
)
READS = ("GET", "HEAD", "OPTIONS")
METHODS = (*READS, "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "post", "X")
OPEN = (("GET", "/api/health"), ("HEAD", "/api/health"), ("POST", "/api/session"))
OF_WORKERS = "/api/workers/"
FOR_THE_OWNER = ("/api/session/link",)


@dataclass(frozen=True)
class Asked:
    """A request, by what matters to whether it may pass."""

    method: str
    path: str
    host: Host
    origin: Origin
    fetch: Fetch
    content_type: ContentType
    credentials: Credentials

    def headers(self, known: dict[str, str]) -> list[tuple[bytes, bytes]]:
        return [
            *self.host.headers,
            *self.origin.headers(self.host),
            *self.fetch.headers,
            *self.content_type.headers,
            *self.credentials.headers(known),
        ]


def refusals(asked: Asked) -> set[int]:
    """The status codes with which it may be refused; empty: it must be let through.

    A request may break several rules; which of them is told is not laid down.
    """
    is_api = asked.path == "/api" or asked.path.startswith("/api/")
    is_page = asked.method in ("GET", "HEAD") and not is_api
    changes = asked.method not in READS
    codes = set()
    if not asked.host.ours:
        codes.add(421 if len(asked.host.names) == 1 else 400)
    if asked.origin.text is not None and not asked.origin.own:
        codes.add(403)
    comes_from_us = asked.origin.own or asked.fetch.site == "same-origin"
    allowed_sites = (None, "same-origin") if changes else (None, "same-origin", "none")
    if not is_page and asked.fetch.site not in allowed_sites:
        codes.add(403)
    if changes and not comes_from_us and not asked.credentials.proves:
        codes.add(403)
    if changes and not asked.content_type.is_json:
        codes.add(415)
    if asked.path.startswith(OF_WORKERS):
        codes.add(401)  # only the token of an attempt opens them, and no request here has one
    elif not is_page and (asked.method, asked.path) not in OPEN:
        codes |= _refusals_of_role(asked, changes=changes)
    return codes


def _refusals_of_role(asked: Asked, *, changes: bool) -> set[int]:
    match asked.credentials.role:
        case None:
            return {401, 429} if asked.credentials.guesses else {401}
        case "viewer":
            signs_out = (asked.method, asked.path) == ("DELETE", "/api/session")
            return {403} if (changes and not signs_out) or asked.path in FOR_THE_OWNER else set()
        case "owner":
            return set()

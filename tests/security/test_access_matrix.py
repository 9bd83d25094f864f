"""Every route, method, host, origin, content type and credential: answered as the rules say."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from app.security.asgi import Message
from app.web.routes.frontend import page_folder
from tests.security.in_process import Inside, inside, is_error_form
from tests.security.route_list import PARAMETER, all_paths, example, operations, variants
from tests.security.rules import (
    CONTENT_TYPES,
    CREDENTIALS,
    FETCHES,
    HOSTS,
    METHODS,
    ORIGINS,
    Asked,
    refusals,
)
from tests.sizes import GATE_ALONE, GATE_MIN, GATE_PAIRS, GATE_SOCKETS, Decks, session_seed

Result = TypeVar("Result")

# Beside all that there are: some that are none, or look like one of them.
NO_ROUTES = (
    "/",
    "/assets/x.js",
    "/runs",
    "/api",
    "/api/",
    "/apis",
    "/API/runs",
    "//api/runs",
    "/api/nowhere",
    "/api/runs/",
    "/api/../api/runs",
    "/ws",
    "/healthz",
)
HEADERS_ALWAYS = {
    b"content-security-policy",
    b"x-content-type-options",
    b"referrer-policy",
    b"cross-origin-resource-policy",
    b"cross-origin-opener-policy",
}
ENOUGH = 5  # wrong answers, to see what is wrong
GATE_SAYS = {400, 401, 403, 413, 414, 415, 421, 429, 431}
CHOICES: dict[str, Sequence[Any]] = {
    "host": HOSTS,
    "origin": ORIGINS,
    "fetch": FETCHES,
    "content_type": CONTENT_TYPES,
    "credentials": CREDENTIALS,
}
TOKEN_RIGHT = {
    "host": HOSTS[0],
    "origin": ORIGINS[0],
    "fetch": FETCHES[0],
    "content_type": CONTENT_TYPES[0],
    "credentials": CREDENTIALS[0],
}
COOKIE_RIGHT = {**TOKEN_RIGHT, "origin": ORIGINS[1], "fetch": FETCHES[1]}
COOKIE_RIGHT["credentials"] = CREDENTIALS[1]
RIGHT = (TOKEN_RIGHT, COOKIE_RIGHT)
ALONE = tuple((name, choice) for name, choices in CHOICES.items() for choice in choices)
PAIRS = tuple((one, other) for one, other in itertools.combinations(ALONE, 2) if one[0] != other[0])
CONNECTIONS = tuple(itertools.product(HOSTS, ORIGINS, CREDENTIALS))


def in_own_loop(work: Coroutine[Any, Any, Result]) -> Result:
    """In a thread of its own: in this one the browser of other tests may have a loop running."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, work).result()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    with inside(tmp_path_factory.mktemp("inside") / "var") as made:
        yield made


def paths() -> list[str]:
    """All addresses, their parameters as they are."""
    return list(dict.fromkeys([*all_paths(), *NO_ROUTES]))


def filled(path: str, number: int) -> str:
    return PARAMETER.sub(lambda found: "x.js" if found[1] == "path" else str(number), path)


def bodies() -> dict[tuple[str, str], bytes]:
    """For each operation a body that would change something."""
    return {
        (operation.method, operation.path): json.dumps(
            effective(operation.path, example(variants(operation.body)[-1]))
        ).encode()
        for operation in operations()
        if operation.body
    }


def effective(path: str, body: dict[str, Any]) -> dict[str, Any]:
    if path == "/api/runs":
        return {"task": "spirals"}
    if path.endswith("/commands"):
        return {"kind": "stop"}
    if path.endswith("/replay"):
        return {}
    return {name: value for name, value in body.items() if name not in ("live", "command_id")}


def combinations(method: str, path: str, decks: Decks) -> Iterator[Asked]:
    """Around each of two right requests: every choice alone, and every two choices together; or
    as many of them as the sizes say.
    """
    seen = set()
    for right in RIGHT:
        chosen = [
            *({name: choice} for name, choice in decks.deal(ALONE, GATE_ALONE)),
            *(dict(pair) for pair in decks.deal(PAIRS, GATE_PAIRS)),
        ]
        seen |= {Asked(method, path, **{**right, **choices}) for choices in chosen}
    yield from seen


def wrong_headers(headers: Sequence[tuple[bytes, bytes]], *, api: bool) -> str:
    names = {name.lower() for name, _ in headers}
    if any(name.startswith(b"access-control-") for name in names):
        return "allows another origin"
    if not names >= HEADERS_ALWAYS or (api and b"cache-control" not in names):
        return "lacks a header"
    return ""


async def wrong_refusal(server: Inside, asked: Asked, expected: set[int], body: bytes) -> str:
    """What is wrong with the answer to a request that is to be refused; "": nothing."""
    answer = await server.ask(asked.method, asked.path, asked.headers(server.known), body)
    if answer.status not in expected:
        return f"{answer.status}, not one of {expected}"
    if not is_error_form(answer.body):
        return "not in the one form"
    return wrong_headers(answer.headers, api=asked.path.startswith("/api/"))


async def wrong_admission(server: Inside, asked: Asked) -> str:
    """What is wrong with the answer to a request that is to pass the security middleware."""
    answer = await server.ask(asked.method, asked.path, asked.headers(server.known), b"{}")
    not_built = answer.status == 503 and not (page_folder() / "index.html").is_file()
    if answer.status in GATE_SAYS or answer.status == 0 or (answer.status >= 500 and not not_built):
        return f"{answer.status}: {answer.body[:100]!r}"
    if (asked.method, asked.path) == ("DELETE", "/api/session") and asked.credentials.is_cookie:
        server.sign_in(str(asked.credentials.role))  # it did sign out
    return wrong_headers(answer.headers, api=asked.path.startswith("/api/"))


@pytest.mark.timeout(1800)  # in full six minutes of work, on a slow machine many more
def test_every_request_is_answered_as_the_rules_say(
    server: Inside, record_property: Callable[[str, object], None]
) -> None:
    effect, decks = bodies(), Decks(session_seed())
    tried = admitted = 0
    wrong: list[str] = []

    async def try_all() -> None:
        nonlocal tried, admitted
        for path, method in itertools.product(paths(), METHODS):
            # What is refused names things that exist; what passes, things that do not.
            body = effect.get((method, path), b'{"name": "changed", "text": "changed"}')
            for asked in combinations(method, filled(path, 1), decks):
                expected = refusals(asked)
                tried += 1
                if expected:
                    found = await wrong_refusal(server, asked, expected, body)
                else:
                    admitted += 1
                    found = await wrong_admission(server, replace(asked, path=filled(path, 999)))
                if found:
                    wrong.append(f"{found}: {asked}")
                    if len(wrong) >= ENOUGH:
                        return
            unchanged = server.hash("sessions")
            if unchanged != before:
                wrong.append(f"the database changed at {method} {path}")
                return

    before = server.hash("sessions")
    in_own_loop(try_all())

    record_property("gate_combinations", tried)
    assert wrong == []
    assert len(operations()) >= 24
    assert admitted > tried / 100
    assert tried >= GATE_MIN


def test_no_refused_request_signs_anybody_in_or_out(server: Inside) -> None:
    token, decks = json.dumps({"token": server.known["owner"]}).encode(), Decks(session_seed())

    async def try_all() -> None:
        for method in ("POST", "DELETE"):
            for asked in combinations(method, "/api/session", decks):
                expected = refusals(asked)
                if expected:
                    assert not await wrong_refusal(server, asked, expected, token), asked

    before = server.hash()
    in_own_loop(try_all())

    assert server.hash() == before


@pytest.mark.parametrize("right", [TOKEN_RIGHT, COOKIE_RIGHT], ids=["token", "cookie"])
def test_the_same_with_everything_right_does_change_something(
    server: Inside, right: dict[str, Any]
) -> None:
    async def ask(method: str, path: str, body: dict[str, Any]) -> int:
        asked = Asked(method, path, **right)
        content = json.dumps(body).encode()
        return (await server.ask(method, path, asked.headers(server.known), content)).status

    for method, path, body, code in (
        ("PATCH", "/api/runs/2", {"name": str(right["fetch"].site)}, 200),
        ("POST", "/api/runs/2/notes", {"text": "changed"}, 201),
        ("POST", "/api/runs", {"task": "spirals"}, 201),
        ("POST", "/api/session", {"token": server.known["viewer"]}, 204),
    ):
        before = server.hash()
        assert in_own_loop(ask(method, path, body)) == code, (method, path)
        assert server.hash() != before, (method, path)


def test_no_websocket_is_accepted_from_anywhere(
    server: Inside, record_property: Callable[[str, object], None]
) -> None:
    tried, decks = 0, Decks(session_seed())

    async def try_all() -> None:
        nonlocal tried
        for path in paths():
            for host, origin, credentials in decks.deal(CONNECTIONS, GATE_SOCKETS):
                asked = Asked(
                    "GET", filled(path, 1), host, origin, FETCHES[0], CONTENT_TYPES[0], credentials
                )
                told = await server.connect(asked.path, asked.headers(server.known))
                assert told == ["websocket.close"], asked
                tried += 1

    in_own_loop(try_all())

    record_property("gate_combinations", tried)


def test_unknown_kinds_of_connections_reach_nothing(tmp_path: Path) -> None:
    """Whatever a server comes to know one day: what is not a request is not passed on."""
    passed: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        passed.append(scope["type"])

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        assert message["type"] == "websocket.close"

    with inside(tmp_path / "var") as server:
        gate = server.application.asgi
        gate._app = application
        for kind in ("websocket", "webtransport", "lifespan "):
            in_own_loop(gate({"type": kind, "path": "/", "headers": []}, receive, send))

    assert passed == []

"""Hostile requests over sockets: a clear no to each, at once, and nothing has changed."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import knowing_the_tasks
from tests.security.attackers import drawn, in_addresses, in_bodies, in_headers
from tests.security.corpus import TEXTS, shapes
from tests.security.hostile_recipes import documents
from tests.security.hostile_server import Sent, Siege, besieged
from tests.security.route_list import Operation, all_paths, operations
from tests.sizes import (
    DRAWN_REQUESTS,
    FILE_NAMES,
    HOSTILE_REQUESTS_MIN,
    SHAPES,
    SPOILT_RECIPES,
    session_seed,
)

Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def siege(tmp_path_factory: pytest.TempPathFactory, descriptions: Path) -> Iterator[Siege]:
    """A server with a run that is over, and its checkpoint."""
    folder = knowing_the_tasks(tmp_path_factory.mktemp("siege") / "var", descriptions)
    with besieged(folder, session_seed()) as siege:
        yield siege


def told(siege: Siege, record_property: Record) -> None:
    """Say how much was tried, and see that the server is as well as before."""
    record_property("hostile_requests", siege.requests - siege.counted)
    siege.counted = siege.requests
    assert siege.server.client.get("/api/health").json()["status"] == "ok"
    assert siege.server.process.poll() is None
    assert "Traceback" not in siege.server.output


@pytest.mark.parametrize("part", [in_bodies, in_addresses, in_headers])
def test_the_corpus_in_every_place_of_every_route(
    siege: Siege, record_property: Record, part: Callable[[Siege, Operation], Iterator[Sent]]
) -> None:
    for operation in operations():
        siege.endure(part(siege, operation))

    told(siege, record_property)


def test_requests_that_two_parsers_read_differently(siege: Siege, record_property: Record) -> None:
    host = siege.server.url.removeprefix("http://").encode()
    authority = f"Authorization: Bearer {siege.viewer}\r\n".encode()

    def all_shapes() -> Iterator[Sent]:
        for operation in operations():
            line = f"{operation.method} {operation.at(**siege.ids)}".encode()
            for content in siege.decks.deal(tuple(shapes(line, host, authority)), SHAPES):
                yield Sent(content, f"{operation.method} {operation.path}", refused=False)

    siege.endure(all_shapes(), keeps=False)

    told(siege, record_property)


def test_names_of_files_lead_nowhere(siege: Siege, record_property: Record) -> None:
    page = Operation("GET", "/{path}")
    secret = siege.server.token.encode()
    paths = [path for path in all_paths() if not path.startswith("/api")]
    assert paths
    ups = ["../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "....//", "%252e%252e%252f", "..%c0%af"]
    files = [
        "token",
        "var/token",
        "babysit.sqlite",
        "etc/passwd",
        "proc/self/environ",
        "app/cli/__main__.py",
    ]

    prefixes = ("/", "/assets/", "//", "/api/")
    names = tuple(itertools.product(ups, (1, 2, 5, 12), files, prefixes))

    def all_names() -> Iterator[Sent]:
        for up, times, file, prefix in siege.decks.deal(names, FILE_NAMES):
            yield siege.sent(page, "nobody", prefix + up * times + file)
        for text in TEXTS:
            yield siege.sent(page, "owner", b"/" + text)
            yield siege.sent(page, "owner", b"/assets/" + text)

    siege.endure(all_names())

    assert {status for _, status, _ in siege.classes} <= {*range(200, 300), 307, *range(400, 500)}
    assert secret not in siege.server.output.replace(siege.server.address, "").encode()
    told(siege, record_property)


def test_requests_drawn_along_what_the_routes_take(siege: Siege, record_property: Record) -> None:
    before = siege.started()
    siege.endure(drawn(siege, DRAWN_REQUESTS, session_seed()))

    told(siege, record_property)
    assert siege.started() == before


def test_recipes_with_something_else_in_each_place(siege: Siege, record_property: Record) -> None:
    """Of a task that is not here: even what is well written starts nothing."""
    replays = Operation("POST", "/api/replays")
    exported = siege.server.client.get(f"/api/runs/{siege.ids['run_id']}/export?format=recipe").text
    good = exported.replace("task: spirals", "task: no-such-task")
    assert good != exported
    recipes = [good, *documents(good, SPOILT_RECIPES, random.Random(session_seed()))]
    bodies = (json.dumps({"recipe": text}).encode() for text in recipes)

    siege.endure(siege.sent(replays, "owner", "/api/replays", body) for body in bodies)

    codes = {status for operation, status, _ in siege.classes if "/api/replays" in operation}
    assert 422 in codes
    assert not {*range(200, 300)} & codes
    told(siege, record_property)


def test_what_was_tried_reached_many_different_ends(siege: Siege) -> None:
    """A siege that only ever hears one answer has tried nothing."""
    routes = {operation for operation, status, _ in siege.classes if status < 400}
    errors = {error for _, status, error in siege.classes if status >= 400}

    assert siege.requests >= HOSTILE_REQUESTS_MIN
    assert len(siege.classes) > 150
    assert len(routes) >= 12
    assert {"invalid", "not_found", "unauthorized", "forbidden", "too_long"} <= errors

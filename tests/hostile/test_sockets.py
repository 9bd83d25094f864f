"""Hostile requests over sockets: a clear no to each, at once, and nothing has changed."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import session_seed
from tests.hostile.corpus import BODIES, MARK, TEXTS, VALUES, shapes
from tests.hostile.drawn import drawn_body, drawn_target
from tests.hostile.siege import POISON, Sent, Siege
from tests.hostile.surface import (
    Json,
    Operation,
    all_paths,
    example,
    operations,
    places,
    replaced,
    variants,
)
from tests.live import serving

DRAWN = 34_000
WHO = ("owner", "viewer", "nobody")

Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def siege(tmp_path_factory: pytest.TempPathFactory, descriptions: Path) -> Iterator[Siege]:
    """A server with a run that is over, and its checkpoint."""
    folder = tmp_path_factory.mktemp("siege") / "var"
    folder.mkdir()
    (folder / "tasks.json").write_bytes(descriptions.read_bytes())
    with serving(folder, "--no-demo") as server:
        run = server.start_run("spirals", steps=12, name="over")["id"]
        server.wait_for_status(run, "finished")
        saved = server.client.get(f"/api/runs/{run}/checkpoints").json()[-1]["id"]
        for format in ("parquet", "html"):  # what they need is loaded once, before time counts
            server.client.get(f"/api/runs/{run}/export?format={format}")
        viewer = (folder / "viewer-token").read_text().strip()
        yield Siege(server, {"run_id": run, "checkpoint_id": saved, "command_id": 1}, viewer)


def told(siege: Siege, record_property: Record) -> None:
    """Say how much was tried, and see that the server is as well as before."""
    record_property("hostile_requests", siege.requests - siege.counted)
    siege.counted = siege.requests
    assert siege.server.client.get("/api/health").json()["status"] == "ok"
    assert siege.server.process.poll() is None
    assert "Traceback" not in siege.server.output


# ---- the corpus, in every place that there is ----------------------------------------------------


def in_bodies(siege: Siege, operation: Operation) -> Iterator[Sent]:
    """Every hostile value in every field of a body, and as the body."""
    target = operation.at(**siege.ids_for(operation))
    poisons = siege.poisons(operation)
    if operation.body is None:
        for body in BODIES if operation.changes else ():
            yield siege.sent(operation, "owner", target, body)
        return
    poison = itertools.cycle(poisons)
    for schema in variants(operation.body):
        right = example(schema)
        for place in [*places(right), ("another",)]:
            marked = replaced({**right, "another": 1} if len(place) == 1 else right, place, MARK)
            for value in VALUES:
                wrong = poisoned(marked, next(poison))
                body = json.dumps(wrong).encode().replace(f'"{MARK}"'.encode(), value)
                yield siege.sent(operation, "owner", target, body)
    for body in BODIES:
        # An empty object asks for a fork or a replay as all defaults have it.
        if not (body.strip() in (b"{}", b"") and operation.path not in ("/api/session",)):
            for who in WHO:
                yield siege.sent(operation, who, target, body)


def poisoned(body: Json, poison: Json) -> Json:
    """The body with what makes it wrong, but for the place where something hostile is to be."""
    if any(body.get(name) == MARK for name in poison):
        poison = POISON
    return {
        name: {**item, **poison[name]} if isinstance(poison.get(name), dict) else item
        for name, item in {**poison, **body, **without_parts(poison)}.items()
    }


def without_parts(poison: Json) -> Json:
    return {name: item for name, item in poison.items() if not isinstance(item, dict)}


def in_addresses(siege: Siege, operation: Operation) -> Iterator[Sent]:
    """Every hostile text in every parameter of path and query."""
    body = b'{"not<a>field": 1}' if operation.changes else None
    ids = siege.ids_for(operation)
    path = operation.at(**ids).encode()
    for name in operation.parameters:
        for text in TEXTS:
            target = operation.at(**{**ids, name: MARK}).encode().replace(MARK.encode(), text)
            yield siege.sent(operation, "owner", target, body)
    for name in operation.query:
        for text in TEXTS:
            yield siege.sent(operation, "owner", path + b"?" + name.encode() + b"=" + text, body)
    for text in TEXTS:
        yield siege.sent(operation, "viewer", path + b"?" + text + b"=" + text, body)


def in_headers(siege: Siege, operation: Operation) -> Iterator[Sent]:
    """Every hostile text in the headers that somebody reads."""
    body = b'{"not<a>field": 1}' if operation.changes else None
    target = operation.at(**siege.ids_for(operation))
    names = {*operation.headers, "cookie", "origin", "host", "sec-fetch-site", "content-type"}
    names |= {"x-forwarded-for", "x-forwarded-host", "forwarded", "accept", "authorization"}
    for name, text in itertools.product(sorted(names), TEXTS[::3]):
        headers = {name.title().replace("-", "_"): text.decode("utf-8", "surrogateescape")}
        yield siege.sent(operation, "owner", target, body, **headers)


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
            for content in shapes(line, host, authority):
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
        "app/cli.py",
    ]

    def all_names() -> Iterator[Sent]:
        for up, times, file in itertools.product(ups, (1, 2, 5, 12), files):
            for prefix in ("/", "/assets/", "//", "/api/"):
                yield siege.sent(page, "nobody", prefix + up * times + file)
        for text in TEXTS:
            yield siege.sent(page, "owner", b"/" + text)
            yield siege.sent(page, "owner", b"/assets/" + text)

    siege.endure(all_names())

    assert {status for _, status, _ in siege.classes} <= {*range(200, 300), 307, *range(400, 500)}
    assert secret not in siege.server.output.replace(siege.server.address, "").encode()
    told(siege, record_property)


# ---- drawn ---------------------------------------------------------------------------------------


def drawn(siege: Siege, count: int, seed: int) -> Iterator[Sent]:
    """Requests along what the routes take, three of eight by somebody who may change nothing."""
    chance = random.Random(seed)
    known = operations()
    for _ in range(count):
        operation = chance.choice(known)
        who = chance.choices(WHO, (5, 2, 1))[0]
        target = drawn_target(chance, operation, siege.ids_for(operation))
        headers: dict[str, Any] = {}
        if chance.random() < 0.05:
            text = chance.choice(TEXTS).decode("utf-8", "surrogateescape")
            headers[chance.choice(["Idempotency_Key", "Last_Event_ID", "Cookie"])] = text
        body = None
        if operation.body is not None:
            poison = chance.choice(siege.poisons(operation))
            body = drawn_body(chance, operation.body, poison)
            if operation.path in ("/api/runs", "/api/checkpoints/{checkpoint_id}/fork"):
                # what is drawn might be right by chance: these stay wrong in two ways
                body = body.replace(b"spirals", b"spiralx")
        elif operation.changes:
            body = chance.choice(BODIES)
        yield siege.sent(operation, who, target, body, **headers)


def test_requests_drawn_along_what_the_routes_take(siege: Siege, record_property: Record) -> None:
    siege.endure(drawn(siege, DRAWN, session_seed()))

    told(siege, record_property)
    assert siege.server.client.get("/api/runs").json()["runs"][0]["id"] == siege.ids["run_id"]


def test_what_was_tried_reached_many_different_ends(siege: Siege) -> None:
    """A siege that only ever hears one answer has tried nothing."""
    routes = {operation for operation, status, _ in siege.classes if status < 400}
    errors = {error for _, status, error in siege.classes if status >= 400}

    assert siege.requests >= 50_000
    assert len(siege.classes) > 150
    assert len(routes) >= 12
    assert {"invalid", "not_found", "unauthorized", "forbidden", "too_long"} <= errors

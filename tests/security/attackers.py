"""Hostile requests for every route there is: the corpus in every place, and drawn ones."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from typing import Any

from tests.security.corpus import BODIES, MARK, TEXTS, VALUES
from tests.security.hostile_server import POISON, Sent, Siege
from tests.security.random_input import drawn_body, drawn_target
from tests.security.route_list import (
    Json,
    Operation,
    example,
    operations,
    places,
    replaced,
    variants,
)
from tests.sizes import CORPUS_BODIES, CORPUS_TEXTS, CORPUS_VALUES, HEADER_TEXTS

WHO = ("owner", "viewer", "nobody")

# ---- the corpus, in every place that there is ----------------------------------------------------


def in_bodies(siege: Siege, operation: Operation) -> Iterator[Sent]:
    """Hostile values in every field of a body, and as the body: in full, every one of them."""
    target = operation.at(**siege.ids_for(operation))
    poisons = siege.poisons(operation)
    if operation.body is None:
        for body in siege.decks.deal(BODIES, CORPUS_BODIES) if operation.changes else ():
            yield siege.sent(operation, "owner", target, body)
        return
    poison = itertools.cycle(poisons)
    for schema in variants(operation.body):
        right = example(schema)
        for place in [*places(right), ("another",)]:
            marked = replaced({**right, "another": 1} if len(place) == 1 else right, place, MARK)
            for value in siege.decks.deal(VALUES, CORPUS_VALUES):
                wrong = poisoned(marked, next(poison))
                body = json.dumps(wrong).encode().replace(f'"{MARK}"'.encode(), value)
                yield siege.sent(operation, "owner", target, body)
    for body in siege.decks.deal(BODIES, CORPUS_BODIES):
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
    """Hostile texts in every parameter of path and query."""
    body = b'{"not<a>field": 1}' if operation.changes else None
    ids = siege.ids_for(operation)
    path = operation.at(**ids).encode()
    for name in operation.parameters:
        for text in siege.decks.deal(TEXTS, CORPUS_TEXTS):
            target = operation.at(**{**ids, name: MARK}).encode().replace(MARK.encode(), text)
            yield siege.sent(operation, "owner", target, body)
    for name in operation.query:
        for text in siege.decks.deal(TEXTS, CORPUS_TEXTS):
            yield siege.sent(operation, "owner", path + b"?" + name.encode() + b"=" + text, body)
    for text in siege.decks.deal(TEXTS, CORPUS_TEXTS):
        yield siege.sent(operation, "viewer", path + b"?" + text + b"=" + text, body)


def in_headers(siege: Siege, operation: Operation) -> Iterator[Sent]:
    """Hostile texts in the headers that somebody reads."""
    body = b'{"not<a>field": 1}' if operation.changes else None
    target = operation.at(**siege.ids_for(operation))
    names = {*operation.headers, "cookie", "origin", "host", "sec-fetch-site", "content-type"}
    names |= {"x-forwarded-for", "x-forwarded-host", "forwarded", "accept", "authorization"}
    for name in sorted(names):
        for text in siege.decks.deal(TEXTS, HEADER_TEXTS):
            headers = {name.title().replace("-", "_"): text.decode("utf-8", "surrogateescape")}
            yield siege.sent(operation, "owner", target, body, **headers)


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

"""Bodies and addresses drawn at random along what a route takes, and then spoilt."""

from __future__ import annotations

import json
import random
from typing import Any

from tests.security.corpus import MARK, TEXTS, VALUES
from tests.security.route_list import Json, Operation, variants

DEPTH_MAX = 4
SPOILT_BYTES_MAX = 4


def drawn_value(chance: random.Random, schema: Json, depth: int = 0) -> Any:
    """A value of the right type mostly; `MARK` where something hostile is to be put."""
    if chance.random() < 0.12 or depth > DEPTH_MAX:
        return MARK
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return drawn_value(chance, chance.choice(choices), depth)
    if "const" in schema or "enum" in schema:
        return chance.choice([schema.get("const"), *schema.get("enum", [])])
    match schema.get("type"):
        case "object" if "properties" in schema:
            return drawn_object(chance, schema, depth)
        case "object":
            names = ["learning_rate", "momentum", "batch_size", "optimizer", "x" * 40, "é", ""]
            some = chance.sample(names, chance.randrange(len(names)))
            return {name: drawn_value(chance, {"type": "number"}, depth + 1) for name in some}
        case "array":
            item = schema.get("items", {})
            return [drawn_value(chance, item, depth + 1) for _ in range(chance.randrange(4))]
        case "integer":
            return chance.choice([0, 1, -1, 2**31, 2**53, chance.getrandbits(60)])
        case "number":
            return chance.choice([0.0, -0.0, 1e-300, 1e300, chance.gauss(0, 1e3), 7])
        case "boolean":
            return chance.random() < 0.5
        case "null":
            return None
        case _:
            signs = [chr(chance.randrange(0xD800)) for _ in range(chance.randrange(20))]
            return "".join(signs)


def drawn_object(chance: random.Random, schema: Json, depth: int) -> Json:
    body = {
        name: drawn_value(chance, item, depth + 1)
        for name, item in schema["properties"].items()
        if chance.random() < 0.8
    }
    if chance.random() < 0.1:
        body[chance.choice(["", "é", "__proto__", "x" * 300, "a.b"])] = MARK
    return body


def drawn_body(chance: random.Random, schema: Json, poison: Json) -> bytes:
    """A body as text. poison: fields that make it wrong, whatever else is drawn."""
    body = drawn_value(chance, chance.choice(variants(schema)))
    if poison:  # what is hostile may happen to be an empty object, which would be right
        body = {**(body if isinstance(body, dict) else {}), **poison}
    parts = (
        json.dumps(body, ensure_ascii=chance.random() < 0.5).encode().split(f'"{MARK}"'.encode())
    )
    text = parts[0] + b"".join(chance.choice(VALUES) + part for part in parts[1:])
    return spoilt(chance, text) if chance.random() < 0.15 else text


def spoilt(chance: random.Random, text: bytes) -> bytes:
    """The same with a few bytes more, fewer or other."""
    if not text:
        return text
    spoilt_text = bytearray(text)
    for _ in range(chance.randint(1, SPOILT_BYTES_MAX)):
        at = chance.randrange(len(spoilt_text))
        match chance.randrange(4):
            case 0:
                spoilt_text[at] = chance.randrange(256)
            case 1:
                spoilt_text.insert(at, chance.randrange(256))
            case 2:
                spoilt_text[at:at] = spoilt_text[at : at + chance.randrange(64)]
            case _:
                del spoilt_text[at + 1 :]
    return bytes(spoilt_text)


def drawn_target(chance: random.Random, operation: Operation, ids: dict[str, int]) -> bytes:
    """A path and query; ids: of things that exist."""
    parameters = {
        name: chance.choice([str(ids.get(name, 1)), str(ids.get(name, 1)), MARK])
        for name in operation.parameters
    }
    path = operation.at(**parameters).encode()
    asked = [name for name in operation.query if chance.random() < 0.5]
    asked += asked if chance.random() < 0.05 else []
    query = b"&".join(
        name.encode() + b"=" + drawn_text(chance, operation.query[name]) for name in asked
    )
    while MARK.encode() in path:
        path = path.replace(MARK.encode(), chance.choice(TEXTS), 1)
    return path + b"?" + query if query else path


def drawn_text(chance: random.Random, schema: Json) -> bytes:
    if chance.random() < 0.6:
        return chance.choice(TEXTS)
    low = schema.get("minimum", 0)
    choices = [low, low - 1, low + 1, schema.get("maximum", 1), schema.get("default", "")]
    return str(chance.choice([*choices, *schema.get("enum", [])])).encode()

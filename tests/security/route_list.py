"""What can be asked of a server, as the application itself says: a new route joins by itself."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from app.main import ROUTERS, routes

Json: TypeAlias = dict[str, Any]

PARAMETER = re.compile(r"{(\w+)(?::path)?}")
CHANGES_NOTHING = ("GET", "HEAD", "OPTIONS")
DEPTH_MAX = 4  # of an example made from a schema


@dataclass(frozen=True)
class Operation:
    """A method of an address, with what it may be given.

    path: with its parameters in braces. query, headers: names of parameters.
    body: schema of the JSON body, references resolved; None when it takes none.
    """

    method: str
    path: str
    query: dict[str, Json] = field(default_factory=dict)
    headers: dict[str, Json] = field(default_factory=dict)
    body: Json | None = None

    @property
    def changes(self) -> bool:
        return self.method not in CHANGES_NOTHING

    @property
    def parameters(self) -> list[str]:
        return PARAMETER.findall(self.path)

    def at(self, **values: object) -> str:
        """The path with its parameters filled in; those that are not given are 1."""
        return PARAMETER.sub(lambda found: str(values.get(found[1], 1)), self.path)


def operations() -> list[Operation]:
    """Every operation of the OpenAPI description."""
    described = routes().openapi()
    found = []
    for path, methods in described["paths"].items():
        for method, told in methods.items():
            given = told.get("parameters", [])
            body = told.get("requestBody", {}).get("content", {}).get("application/json")
            found.append(
                Operation(
                    method.upper(),
                    path,
                    {one["name"]: one["schema"] for one in given if one["in"] == "query"},
                    {one["name"]: one["schema"] for one in given if one["in"] == "header"},
                    resolved(body["schema"], described) if body else None,
                )
            )
    return found


def all_paths() -> list[str]:
    """Every address that the application knows, also those that it does not describe."""
    known = [route.path for route in routes().routes if hasattr(route, "path")]
    known += [getattr(route, "path", "") for router in ROUTERS for route in router.routes]
    known += [operation.path for operation in operations()]
    return sorted({path for path in known if path})


def resolved(schema: Any, described: Json) -> Any:
    """The same schema without references."""
    if isinstance(schema, list):
        return [resolved(item, described) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return resolved(described["components"]["schemas"][name], described)
    return {key: resolved(item, described) for key, item in schema.items() if key != "mapping"}


def variants(schema: Json) -> list[Json]:
    """The objects that a body may be: one, or each of a union."""
    return list(schema.get("oneOf") or schema.get("anyOf") or [schema])


def example(schema: Json, depth: int = 0) -> Any:
    """A value that fits a schema, with every field that it may have."""
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return example(choices[0], depth)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            inner = schema.get("properties")
            if inner is None or depth >= DEPTH_MAX:
                return {"learning_rate": 0.1, "optimizer": "sgd", "batch_size": 8}
            return {name: example(item, depth + 1) for name, item in inner.items()}
        case "array":
            return [example(schema.get("items", {}), depth + 1)]
        case "integer":
            return max(1, schema.get("minimum", 1))
        case "number":
            return 0.5
        case "boolean":
            return True
        case _:
            return "changed"


def places(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where in a body something else can be put: each field, also the inner ones."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield (*path, name)
            yield from places(item, (*path, name))


def replaced(value: Any, path: tuple[str, ...], by: Any) -> Any:
    """The same value with something else in one place."""
    if not path:
        return by
    return {**value, path[0]: replaced(value[path[0]], path[1:], by)}


def database_hash(file: Path, *, leaving_out: tuple[str, ...] = ()) -> str:
    """SHA-256 over every row of every table."""
    digest = hashlib.sha256()
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)
    try:
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        for (name,) in connection.execute(tables).fetchall():
            if name not in leaving_out:
                digest.update(name.encode())
                for row in connection.execute(f'SELECT * FROM "{name}" ORDER BY rowid'):
                    digest.update(repr(row).encode())
    finally:
        connection.close()
    return digest.hexdigest()

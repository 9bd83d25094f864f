"""The API as its description says it: of each route what it takes and what it answers."""

from __future__ import annotations

from typing import Any

DEEP_MAX = 4  # of objects in objects; further down they are the same everywhere


def routes_and_keys(openapi: dict[str, Any]) -> dict[str, Any]:
    """Names of parameters, and of all keys of bodies and answers, by method and path.

    The names of the schemas are no part of it: nobody outside sees them.
    """
    schemas = openapi["components"]["schemas"]
    found: dict[str, Any] = {}
    for path, methods in openapi["paths"].items():
        for method, route in methods.items():
            bodies = {"body": route.get("requestBody", {})} | route["responses"]
            found[f"{method.upper()} {path}"] = {
                "parameters": sorted(item["name"] for item in route.get("parameters", [])),
                **{name: sorted(_keys(body, schemas)) for name, body in bodies.items()},
            }
    return found


def gone(recorded: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """What a route took or answered once and no longer does. A client ignores what is new."""
    return [
        f"{route}: {part}: {name}"
        for route, parts in recorded.items()
        for part, names in parts.items()
        for name in (names if route in found else ["the route"])
        if name not in found.get(route, {}).get(part, [])
    ] + [
        f"{route}: {status}"
        for route, parts in recorded.items()
        for status in parts
        if status not in found.get(route, {})
    ]


def _keys(body: dict[str, Any], schemas: dict[str, Any]) -> set[str]:
    content = body.get("content", {}).get("application/json", {}).get("schema", {})
    return _of_schema(content, schemas, "", DEEP_MAX)


def _of_schema(schema: Any, schemas: dict[str, Any], where: str, deep: int) -> set[str]:
    if not isinstance(schema, dict) or deep == 0:
        return set()
    if "$ref" in schema:
        return _of_schema(schemas[schema["$ref"].rpartition("/")[2]], schemas, where, deep)
    found: set[str] = set()
    for name, inner in schema.get("properties", {}).items():
        found |= {f"{where}{name}"} | _of_schema(inner, schemas, f"{where}{name}.", deep - 1)
    for part in ("anyOf", "oneOf", "allOf"):
        for inner in schema.get(part, []):
            found |= _of_schema(inner, schemas, where, deep)
    return found | _of_schema(schema.get("items"), schemas, where, deep)

"""Dataclasses as JSON objects, and back."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any


def now() -> str:
    """Wall time for display only, ISO 8601 UTC; order is by seq."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_json(message: Any) -> dict[str, Any]:
    return {"kind": message.kind, **fields_of(message)}


def fields_of(record: Any) -> dict[str, Any]:
    """The fields of a dataclass that holds plain JSON; what they hold is not copied."""
    return {item.name: getattr(record, item.name) for item in fields(record)}


def from_json(kinds: dict[str, Any], body: dict[str, Any]) -> Any:
    kind = kinds.get(str(body.get("kind")))
    if kind is None:
        raise ValueError(f"unknown kind {body.get('kind')!r}")
    known = {item.name for item in fields(kind)}
    values = {name: value for name, value in body.items() if name in known}
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(str(error)) from error

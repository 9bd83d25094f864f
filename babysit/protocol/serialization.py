"""Dataclasses as JSON objects, and back."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

# Metadata of a field with the default None that an earlier version did not have.
ADDED = {"added": True}


def now() -> str:
    """Wall time for display only, ISO 8601 UTC; order is by seq."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_json(message: Any) -> dict[str, Any]:
    return {"kind": message.kind, **fields_of(message)}


def fields_of(record: Any) -> dict[str, Any]:
    """The fields of a dataclass that holds plain JSON; what they hold is not copied.

    One that was `ADDED` and has no value is left out: what an earlier version wrote stays the same.
    """
    return {
        item.name: value
        for item in fields(record)
        if (value := getattr(record, item.name)) is not None or not item.metadata.get("added")
    }


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

"""Dataclasses as JSON objects; `babysit/protocol/message.py` has the way back."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from babysit.protocol.message import Message

# Metadata of a field with the default None that an earlier version did not have.
ADDED = {"added": True}


def now() -> str:
    """Wall time for display only, ISO 8601 UTC; order is by seq."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_json(message: Message) -> dict[str, Any]:
    """A message as it is stored in a journal."""
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

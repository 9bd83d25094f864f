"""Dataclasses as JSON objects; `babysit/protocol/message.py` has the way back."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from babysit.protocol.message import Message

# Metadata of a field that an earlier version did not have; its default is None.
ADDED = {"added": True}


def now() -> str:
    """The wall time in ISO 8601, UTC. It is for display; events are ordered by seq."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_json(message: Message) -> dict[str, Any]:
    """A message as it is stored in a journal."""
    return {"kind": message.kind, **fields_of(message)}


def fields_of(record: Any) -> dict[str, Any]:
    """The fields of a dataclass that holds plain JSON; their values are not copied.

    An `ADDED` field without a value is left out, as earlier versions wrote it.
    """
    return {
        item.name: value
        for item in fields(record)
        if (value := getattr(record, item.name)) is not None or not item.metadata.get("added")
    }

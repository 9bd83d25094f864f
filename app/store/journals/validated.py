"""Checks messages of journals, which other processes have written, in every field."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from babysit.protocol.message import AnyMessage


def validated(kinds: Mapping[str, type[AnyMessage]], body: dict[str, Any]) -> AnyMessage | None:
    """The message that a JSON object stands for; None if it is none of these kinds."""
    message: Any = kinds.get(str(body.get("kind")))
    if message is None:
        return None
    try:
        checked: AnyMessage = _adapter(message).validate_python(body)
    except ValidationError:
        return None
    return checked


@cache
def _adapter(message: Any) -> TypeAdapter[Any]:
    return TypeAdapter(message)

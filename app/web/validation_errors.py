"""Turns the errors of pydantic into a message and a field, without repeating input."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..errors import APIError, Invalid, NotFound

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_WORDED = {
    "missing": "This field is required.",
    "extra_forbidden": "This field is unknown.",
    "json_invalid": "The body is not JSON.",
    "union_tag_invalid": "This kind is unknown.",
    "union_tag_not_found": "The kind is required.",
    "string_pattern_mismatch": "This value is not one of those allowed.",
}
# For these kinds the message of pydantic repeats no input.
_OWN_WORDS = re.compile(
    r"(int|float|bool|string|list|dict|model|literal|enum|greater|less|too)[a-z_]*"
)
_TAGS = frozenset({"set", "pause", "resume", "stop", "extend", "cancel"})


def from_validation_error(errors: Sequence[Any]) -> APIError:
    """The first error. An id in the path that is not a number is an unknown id."""
    error = errors[0]
    place = list(error["loc"])
    if place and place[0] == "path":
        return NotFound("Not found.")
    kind, context = str(error["type"]), error.get("ctx") or {}
    message = _WORDED.get(kind)
    if message is None:
        message = (
            str(error["msg"]) + "." if _OWN_WORDS.fullmatch(kind) else "This value is invalid."
        )
    return Invalid(message, field=_field(place, kind), allowed=_allowed(kind, context))


def _field(place: list[Any], kind: str) -> str | None:
    # A key of a dict comes from the client, as an unknown field does.
    names = [str(part) for part in place[1:] if isinstance(part, int) or _NAME.fullmatch(part)]
    if place and place[0] == "body" and names and names[0] in (*_TAGS, "save_checkpoint"):
        names = names[1:]  # the tag of the union, which is not a field
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        names = ["kind"]
    return ".".join(names) or None


def _allowed(kind: str, context: dict[str, Any]) -> list[Any] | None:
    if kind == "union_tag_invalid":
        return [tag.strip().strip("'") for tag in str(context.get("expected_tags", "")).split(",")]
    low = context.get("ge", context.get("gt"))
    high = context.get("le", context.get("lt"))
    return None if low is None and high is None else [low, high]

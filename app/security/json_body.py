"""Reads request bodies as JSON that every part of the system can carry, or says what is wrong."""

from __future__ import annotations

import json
import re
from typing import Any

from babysit.storage.safe_text import text_error

from ..errors import Invalid
from ..limits import FIELDS_MAX, INT_MAX, JSON_DEPTH_MAX

# A string, also one that never ends, or a bracket. Nothing is tried twice, whatever is sent.
_TOKENS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)


def check_json(body: bytes) -> None:
    """Accept a body, or refuse it with a sentence that does not repeat it.

    Raises:
        Invalid: no JSON, too deep, a doubled key or too many, a whole number that is too large,
            or text that is not Unicode or holds a NUL. What is not finite is refused later, with
            its field.
    """
    _check_depth(body)
    try:
        value = json.loads(
            body.decode("utf-8"),
            parse_int=_bounded_int,
            object_pairs_hook=_without_doubles,
        )
    except UnicodeDecodeError:
        raise Invalid("The body is not UTF-8.") from None
    except (ValueError, RecursionError):
        raise Invalid("The body is not JSON.") from None
    _check_text(value)


def _check_depth(body: bytes) -> None:
    depth = 0
    for token in _TOKENS.finditer(body):
        first = body[token.start()]
        if first == ord('"'):
            continue
        depth += 1 if first in b"[{" else -1
        if depth > JSON_DEPTH_MAX:
            raise Invalid(f"The body is nested deeper than {JSON_DEPTH_MAX} levels.")


def _bounded_int(digits: str) -> int:
    if len(digits) > len(str(INT_MAX)) + 1 or abs(int(digits)) > INT_MAX:
        raise Invalid("A whole number is too large: at most 2^53.")
    return int(digits)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > FIELDS_MAX:
        raise Invalid(f"An object has at most {FIELDS_MAX:,} fields.")
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Invalid("A field occurs twice in one object.")
    return found


def _check_text(value: Any) -> None:
    if isinstance(value, str):
        wrong = text_error(value)
        if wrong is not None:
            raise Invalid(f"{wrong[0].upper()}{wrong[1:]}.")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key)
            _check_text(item)
    elif isinstance(value, list):
        for item in value:
            _check_text(item)

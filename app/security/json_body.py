"""Checks that a request body is JSON that every part of the system can store."""

from __future__ import annotations

import json
import re
from typing import Any

from babysit.storage.safe_text import text_error

from ..errors import Invalid
from ..limits import FIELDS_MAX, INT_MAX, JSON_DEPTH_MAX

# A string, even an unterminated one, or a bracket; without backtracking for any input.
_TOKENS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)


def check_json(body: bytes) -> None:
    """Check a body. The message of an error does not repeat it.

    Raises:
        Invalid: not JSON, nested too deeply, duplicate or too many keys, an integer that is too
            large, or text that is not Unicode or contains NUL. Numbers that are not finite are
            rejected later, with the name of their field.
    """
    _check_depth(body)
    try:
        value = json.loads(
            body.decode("utf-8"),
            parse_int=_bounded_int,
            object_pairs_hook=_unique_keys,
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
        raise Invalid("An integer is too large: at most 2^53.")
    return int(digits)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > FIELDS_MAX:
        raise Invalid(f"An object has at most {FIELDS_MAX:,} fields.")
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Invalid("A field occurs twice in one object.")
    return fields


def _check_text(value: Any) -> None:
    if isinstance(value, str):
        error = text_error(value)
        if error is not None:
            raise Invalid(f"{error[0].upper()}{error[1:]}.")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key)
            _check_text(item)
    elif isinstance(value, list):
        for item in value:
            _check_text(item)

"""Reads single fields of a recipe: each is of its type, or the error says what would be right."""

from __future__ import annotations

import math
import re
from typing import Any, TypeVar

from babysit.protocol.recipes.recipe import BadRecipe
from babysit.protocol.spec.requested import RELEASE
from babysit.protocol.values import Relative, RequestedValues, Value, Values

INT_MAX = 2**53
# YAML 1.1 reads a number without a point, such as 1e-8, as text; people write such numbers.
NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?[eE][-+]?\d+")
SHA256 = re.compile(r"[0-9a-f]{64}")
WORD = re.compile(r"[a-z_][a-z0-9_]{0,63}")

Found = TypeVar("Found")


def values_in(body: dict[Any, Any]) -> Values:
    return {name: _value(name, value) for name, value in one(body, "values", dict).items()}


def requests_in(body: dict[Any, Any]) -> RequestedValues:
    """As `values_in`; a value may also be relative to what a script says."""
    return {
        name: _relative(name, value) if isinstance(value, dict) else _value(name, value)
        for name, value in one(body, "values", dict).items()
    }


def _value(name: Any, value: Any) -> Value:
    if not isinstance(name, str) or not isinstance(value, (float, int, bool, str)):
        raise BadRecipe(f"values: {plain_name(name)} must be a number, a word, true or false")
    is_number = isinstance(value, str) and NUMBER.fullmatch(value)
    return float(value) if is_number else value


def _relative(name: Any, value: dict[Any, Any]) -> Relative:
    if isinstance(name, str) and value == RELEASE and value["release"] is True:
        return dict(RELEASE)
    factor = _value(name, value.get("times"))
    if set(value) != {"times"} or isinstance(factor, (bool, str)) or not 0 < factor < math.inf:
        raise BadRecipe(
            f"values: {plain_name(name)} must be a value, times: a factor above 0, or release: true"
        )
    return {"times": float(factor)}


def one(body: dict[Any, Any], name: str, kind: type[Found]) -> Found:
    found = body.get(name)
    if not isinstance(found, kind):
        words = {dict: "a list of fields", list: "a list", str: "text", int: "a whole number"}
        raise BadRecipe(f"{name} must be {words.get(kind, kind.__name__)}")
    return found


def plain_name(name: Any) -> str:
    """The name of a field, to be told; whatever else stands there is not repeated."""
    return name if isinstance(name, str) and WORD.fullmatch(name) else "field of this name"


def word(found: Any) -> str:
    if not isinstance(found, (str, int, float)):
        raise BadRecipe("versions and mixed must be words")
    return str(found)


def listed(body: dict[Any, Any], name: str) -> list[Any]:
    return one(body, name, list)


def whole(body: dict[Any, Any], name: str, low: int, high: int) -> int:
    number = one(body, name, int)
    if isinstance(number, bool) or not low <= number <= high:
        raise BadRecipe(f"{name} must be from {low:,} to {high:,}")
    return number


def sha256(body: dict[Any, Any], name: str) -> str:
    text = one(body, name, str)
    if not SHA256.fullmatch(text):
        raise BadRecipe(f"{name} must be 64 hexadecimal digits")
    return text

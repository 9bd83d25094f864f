"""`name=value` on the command line: numbers, true and false, words, factors and releases."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from babysit.client import Refused

SHORT, LONG = "lr", "learning_rate"
HELP = (
    "name=value, where lr is learning_rate; name=x0.5 multiplies what the schedule says, and "
    "name=release leaves it to the schedule again"
)


def read_assignments(texts: Iterable[str], known: Collection[str] = ()) -> dict[str, Any]:
    """The values by name. known: names of the run, which are not taken for short ones.

    Raises:
        Refused: a text has no name or no value, or a name comes twice.
    """
    values: dict[str, Any] = {}
    for text in texts:
        given, separator, value = text.partition("=")
        name = given if given in known else long_name(given)
        if not (separator and name and value):
            raise _refused(f"{text!r} is not like name=value.", name)
        if name in values:
            raise _refused(f"{name} is given twice.", name)
        values[name] = read_value(value)
    return values


def long_name(name: str) -> str:
    """`generator.lr` is `generator.learning_rate`."""
    return ".".join(LONG if part == SHORT else part for part in name.split("."))


def read_value(text: str) -> Any:
    """What the API takes for a value."""
    if text == "release":
        return {"release": True}
    if text[0] in "x*" and (factor := _number(text[1:])) is not None:
        return {"times": factor}
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    number = _number(text)
    return text if number is None else number


def _number(text: str) -> int | float | None:
    """A number; words that Python takes for one, such as `nan` and `infinity`, are words."""
    if not any(character.isdigit() for character in text):
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None


def _refused(message: str, field: str) -> Refused:
    return Refused({"error": "invalid", "message": message, "field": f"values.{field}"})

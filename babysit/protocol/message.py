"""What commands, events and the records of searches share: a kind, and how they are decoded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self, TypeVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A record in a journal, as JSON an object with `kind` and the fields."""

    kind: ClassVar[str] = ""

    @classmethod
    def from_fields(cls, values: dict[str, Any]) -> Self:
        """The message with these fields.

        Raises:
            TypeError: a field is missing.
            ValueError: a field has a wrong value.
        """
        return cls(**values)


AnyMessage = TypeVar("AnyMessage", bound=Message)


def by_kind(messages: Iterable[type[AnyMessage]]) -> dict[str, type[AnyMessage]]:
    """A closed set of messages, by their kinds."""
    return {message.kind: message for message in messages}


def decode(kinds: Mapping[str, type[AnyMessage]], body: Mapping[str, Any]) -> AnyMessage:
    """The message that a JSON object stands for. Fields of a newer version are dropped.

    Raises:
        ValueError: the kind is unknown, a field is missing, or a field has a wrong value.
    """
    message = kinds.get(str(body.get("kind")))
    if message is None:
        raise ValueError(f"unknown kind {body.get('kind')!r}")
    known = {item.name for item in fields(message)}
    try:
        return message.from_fields({name: body[name] for name in body if name in known})
    except TypeError as error:
        raise ValueError(str(error)) from error

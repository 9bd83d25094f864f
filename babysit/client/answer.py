"""What became of a command, and the numbers in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

NOT_FINITE = ("NaN", "Infinity", "-Infinity")  # as JSON carries them


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a command.

    status: `applied`; `no_op`: it was so already; `pending`: it waits for its step (`at_step`), for
        the run to start, or longer than the client does.
    step: how many steps were done. effective_step: of a change, the first step that uses it.
    before, after: what the worker read back. undo_values: what to `set` to undo the change.
    """

    kind: str
    status: str
    command_id: int | None = None
    step: int | None = None
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    undo_values: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    at_step: int | None = None
    effective_step: int | None = None

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """body: as `GET /api/runs/{id}/commands/{id}` answers."""
        given: dict[str, Any] = {
            item.name: decoded(value) if isinstance(value, dict) else value
            for item in fields(cls)
            if (value := body.get(item.name)) is not None
        }
        return cls(**given)


def decoded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as numbers where JSON carries a number as a word."""
    return {name: float(value) if value in NOT_FINITE else value for name, value in values.items()}

"""No fault of ours may raise into a script's own loop."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

Result = TypeVar("Result")


class CannotContinue(SystemExit):
    """A run was to be continued, and its state cannot be put back. Nothing was trained."""


class GivesUp(Protocol):
    """What can end its recording."""

    def give_up(self, error: BaseException) -> None: ...


def never_raises(method: Callable[..., Result]) -> Callable[..., Result | None]:
    """A method whose failure ends the recording, not the script."""

    @functools.wraps(method)
    def call(self: GivesUp, *arguments: Any, **named: Any) -> Result | None:
        try:
            return method(self, *arguments, **named)
        except Exception as error:
            self.give_up(error)
            return None

    return call

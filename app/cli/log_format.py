"""What the server logs: one line for each thing, with no sign in it that a terminal obeys."""

from __future__ import annotations

import logging
import sys
from types import TracebackType
from typing import TypeAlias

_Raised: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


def escape_unprintable(text: str, *, lines: bool = False) -> str:
    """Text with every sign that cannot be printed written out. lines: a new line stays one."""
    return "".join(
        sign
        if sign.isprintable() or (lines and sign == "\n")
        else sign.encode("unicode_escape", "surrogatepass").decode()
        for sign in text
    )


class SingleLineFormatter(logging.Formatter):
    """Only our own traceback may have further lines, and they are as harmless."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging names it so)
        return escape_unprintable(super().formatMessage(record))

    def formatException(self, ei: _Raised) -> str:  # noqa: N802
        return escape_unprintable(super().formatException(ei), lines=True)


def log_to_terminal() -> None:
    """Warnings and worse, of all libraries as well."""
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setFormatter(SingleLineFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[terminal])

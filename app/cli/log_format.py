"""The format of log lines: one per record, without control characters."""

from __future__ import annotations

import logging
import sys
from types import TracebackType
from typing import TypeAlias

_Raised: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


def escape_unprintable(text: str, *, lines: bool = False) -> str:
    """Text with unprintable characters escaped. lines: keep line breaks."""
    return "".join(
        char
        if char.isprintable() or (lines and char == "\n")
        else char.encode("unicode_escape", "surrogatepass").decode()
        for char in text
    )


class SingleLineFormatter(logging.Formatter):
    """One line per record; only tracebacks have more, escaped as well."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging names it so)
        return escape_unprintable(super().formatMessage(record))

    def formatException(self, ei: _Raised) -> str:  # noqa: N802
        return escape_unprintable(super().formatException(ei), lines=True)


def log_to_terminal() -> None:
    """Log warnings and errors, also of libraries, to standard error."""
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setFormatter(SingleLineFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[terminal])

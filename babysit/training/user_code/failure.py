"""Says what an exception of a task was, so that what matters is not cut off."""

from __future__ import annotations

import traceback

TRACEBACK_LENGTH_MAX = 50_000  # characters; a longer one loses its middle
REASON_LENGTH_MAX = 500  # characters


def reason_of(error: BaseException) -> str:
    """The kind of the exception and the first line of its message: the rest is often hints."""
    cls = type(error)
    kind = cls.__qualname__
    if cls.__module__ not in ("builtins", "__main__"):
        kind = f"{cls.__module__}.{kind}"
    try:
        lines = [line.strip() for line in str(error).strip().splitlines()]
    except Exception:  # an exception may even fail to say what it is
        lines = []
    first = next((line for line in lines if line), "")
    return (f"{kind}: {first}" if first else kind)[:REASON_LENGTH_MAX]


def traceback_of(error: BaseException) -> str:
    """The whole traceback; of one that is too long, its beginning and its end."""
    try:
        text = "".join(traceback.format_exception(error))
    except Exception:
        return reason_of(error)
    if len(text) <= TRACEBACK_LENGTH_MAX:
        return text
    half = TRACEBACK_LENGTH_MAX // 2
    return f"{text[:half]}\n[{len(text) - 2 * half:,} characters left out]\n{text[-half:]}"

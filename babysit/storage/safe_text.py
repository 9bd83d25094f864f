"""Which text every part of the system can carry: databases, files, JSON and the page."""

from __future__ import annotations


def text_error(text: str) -> str | None:
    """What keeps a text from being carried, as the end of a sentence; None: nothing does."""
    if "\0" in text:
        return "text must not contain the NUL character"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "text must be Unicode without lone surrogates"
    return None

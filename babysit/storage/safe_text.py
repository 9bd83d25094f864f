"""Which text can be stored and shown everywhere: in databases, files, JSON and the page."""

from __future__ import annotations


def text_error(text: str) -> str | None:
    """Why a text cannot be stored, as the end of a sentence; None if it can."""
    if "\0" in text:
        return "text must not contain the NUL character"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "text must be Unicode without lone surrogates"
    return None


def storable(text: str) -> str:
    """The text with everything escaped that cannot be stored."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")

"""What a planted bug is: a small change of the code that some test must notice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """In `file`, the text `old`, which must be there exactly once, becomes `new`."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Bug:
    """A bug, and the tests one of which must fail when it is there.

    tests: arguments of pytest, in one string; `-k` may follow the files.
    defended_by: why it may survive: what else keeps the harm away. Empty: it must be caught.
    """

    name: str
    edits: tuple[Edit, ...]
    tests: str
    defended_by: str = ""


def bug(name: str, file: str, old: str, new: str, tests: str) -> Bug:
    """A bug of one edit."""
    return Bug(name, (Edit(file, old, new),), tests)

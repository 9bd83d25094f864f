"""Reads the patches: each is one bug, the files that it changes, and the tests for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
_HEADER = re.compile(r"bug: (.+)\ntests: (.+)\n(?:defended by: (.+)\n)?\n(?=--- a/)")


@dataclass(frozen=True)
class Bug:
    """A small change of the code that some test must notice.

    group: the folder of the patch.
    tests: arguments of pytest, in one string; `-k` may follow the files.
    defended_by: why it may survive: what else keeps the harm away. Empty: it must be caught.
    """

    name: str
    group: str
    patch: Path
    tests: str
    defended_by: str

    @property
    def files(self) -> list[str]:
        """The files that the patch changes."""
        return re.findall(r"^--- a/(.+)$", self.patch.read_text(encoding="utf-8"), re.M)


def all_bugs() -> list[Bug]:
    """All bugs, by group and file name.

    Raises:
        ValueError: a patch has no header.
    """
    return [_read(patch) for patch in sorted(FOLDER.glob("*/*.patch"))]


def _read(patch: Path) -> Bug:
    header = _HEADER.match(patch.read_text(encoding="utf-8"))
    if header is None:
        raise ValueError(f"{patch} does not open with `bug:` and `tests:`")
    return Bug(header[1], patch.parent.name, patch, header[2], header[3] or "")

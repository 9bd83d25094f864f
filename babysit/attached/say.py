"""What the script's own output says of Babysit: little, and never on standard output."""

from __future__ import annotations

import contextlib
import sys


def say(text: str) -> None:
    """One line on standard error; a script without one loses nothing."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"babysit: {text}\n")
        sys.stderr.flush()

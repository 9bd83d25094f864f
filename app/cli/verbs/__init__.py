"""The verbs of `babysit` that look at runs and steer them, through a running server."""

from __future__ import annotations

from typing import Any

from . import branches, changes, export, listing, open_page, run_commands, run_script, tail

VERBS = (run_script, listing, tail, changes, run_commands, branches, export, open_page)


def register(commands: Any) -> None:
    """Add the verbs to the command line."""
    for module in VERBS:
        module.register(commands)

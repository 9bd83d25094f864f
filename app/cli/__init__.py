"""The command line: `babysit serve`, `replay`, `verify`, `rebuild`, `doctor`, `token`."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from .__main__ import main as run

    run()

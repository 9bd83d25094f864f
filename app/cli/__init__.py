"""The command line: `babysit serve`, the verbs for runs, and the maintenance of the data."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from .__main__ import main as run

    run()

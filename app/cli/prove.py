"""`babysit prove train.py`: compares a script with itself, continued from a checkpoint."""

from __future__ import annotations

import argparse
import subprocess
import sys
from typing import Any

# Another process: the server's side never imports torch.
MODULE = "babysit.attached.prove"


def register(commands: Any) -> None:
    parser = commands.add_parser(
        "prove",
        help="run a script twice, and compare it with itself continued from a checkpoint",
        description="Exit code: 0 equal to the last bit, 1 it differs, 2 it could not be compared.",
    )
    parser.add_argument("-n", type=int, metavar="STEPS", help="continue after so many (default 40)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("script", help="a script that calls babysit.attach")
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, help="of the script; -n and --json may stand here"
    )
    parser.set_defaults(act=prove)


def prove(arguments: argparse.Namespace) -> None:
    """Run the comparison, and exit as it does."""
    words = [*(["--json"] if arguments.json else [])]
    if arguments.n is not None:
        words += ["-n", str(arguments.n)]
    command = [sys.executable, "-P", "-m", MODULE, *words, arguments.script, *arguments.arguments]
    try:
        sys.exit(subprocess.call(command))
    except KeyboardInterrupt:
        sys.exit(2)

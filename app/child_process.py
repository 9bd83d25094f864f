"""The command line and the environment of child processes that run code of the user."""

from __future__ import annotations

import os
import sys

SECRETS = ("BABYSIT_TOKEN", "BABYSIT_DATABASE_URL")


def python_module(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of an installed package.

    -P keeps the current directory off the path: a `random.py` or a `babysit/` that lies where the
    server was started must not take the place of the standard library or of this package.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def child_environment() -> dict[str, str]:
    """The environment without secrets."""
    return {name: value for name, value in os.environ.items() if name.upper() not in SECRETS}

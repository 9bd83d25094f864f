"""The commands that look after a data directory: `rebuild`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.lock import locked
from app.settings import Settings


def register(commands: Any) -> None:
    """Add the commands to the command line."""
    rebuild_parser = commands.add_parser(
        "rebuild", help="make the database again from the directories of the runs"
    )
    rebuild_parser.set_defaults(act=rebuild)
    for parser in (rebuild_parser,):
        parser.add_argument("--data-dir", type=Path, help="where everything is kept (var)")


def rebuild(arguments: argparse.Namespace) -> None:
    """Rebuild, and end with 1 when something could not be found."""
    from app.rebuild import CannotRebuild
    from app.rebuild import rebuild as make_again

    settings = settings_of(arguments)
    if not settings.data_dir.is_dir():
        sys.exit(f"babysit: there is no data directory {settings.data_dir}.")
    with locked(settings.data_dir):
        try:
            code = make_again(settings, print)
        except CannotRebuild as error:
            sys.exit(f"babysit: {error}")
    sys.exit(code)


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The settings of a server on this data directory."""
    flags = {} if arguments.data_dir is None else {"data_dir": arguments.data_dir}
    try:
        return Settings(**flags)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        sys.exit(f"babysit: the setting {name} is not right: {first['msg']}.")

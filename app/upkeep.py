"""The commands that look after a data directory: `rebuild`, `verify` and `doctor`."""

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
    verify_parser = commands.add_parser(
        "verify", help="check that database, journals and checkpoints say the same"
    )
    verify_parser.add_argument("run", type=int, nargs="?", help="only this run (all)")
    verify_parser.add_argument(
        "--deep", action="store_true", help="also load every checkpoint and compare its state"
    )
    verify_parser.set_defaults(act=verify)
    doctor_parser = commands.add_parser(
        "doctor", help="look for problems of this machine, the settings and the data directory"
    )
    doctor_parser.set_defaults(act=doctor)
    for parser in (rebuild_parser, verify_parser, doctor_parser):
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


def verify(arguments: argparse.Namespace) -> None:
    """Check, with or without a running server, and end with 1 when something is wrong."""
    from app.verify.verify import verify as check

    settings = settings_of(arguments)
    if not settings.data_dir.is_dir():
        sys.exit(f"babysit: there is no data directory {settings.data_dir}.")
    sys.exit(check(settings, arguments.run, deep=arguments.deep, say=print))


def doctor(arguments: argparse.Namespace) -> None:
    """Name what is wrong, and end with 1 when something is a problem."""
    from app.doctor import Level, examine
    from app.facts import gather

    findings = examine(gather(settings_of(arguments)))
    sys.stdout.write("".join(f"{finding}\n" for finding in findings))
    sys.exit(1 if any(finding.level is Level.PROBLEM for finding in findings) else 0)


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The settings of a server on this data directory."""
    flags = {} if arguments.data_dir is None else {"data_dir": arguments.data_dir}
    try:
        return Settings(**flags)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        sys.exit(f"babysit: the setting {name} is not right: {first['msg']}.")

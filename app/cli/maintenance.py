"""The commands that look after a data directory: `rebuild`, `verify`, `doctor`, `token`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ..data_dir.lock import locked
from ..data_dir.server_file import page_url, server_of
from ..security.tokens import FILES, OWNER, VIEWER, kept_token, new_token
from .settings import data_dir_settings

GIVEN = "BABYSIT_TOKEN"


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
    token_parser = commands.add_parser("token", help="print the link to sign in with")
    token_parser.add_argument("--viewer", action="store_true", help="the link of those who watch")
    token_parser.add_argument(
        "--rotate", action="store_true", help="make new tokens first, and sign everybody out"
    )
    token_parser.set_defaults(act=print_link)
    for parser in (rebuild_parser, verify_parser, doctor_parser, token_parser):
        parser.add_argument("--data-dir", type=Path, help="where everything is kept (var)")


def rebuild(arguments: argparse.Namespace) -> None:
    """Rebuild, and end with 1 when something could not be found."""
    from ..data_dir.rebuild import CannotRebuild
    from ..data_dir.rebuild import rebuild as make_again

    settings = data_dir_settings(arguments)
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
    from ..verify.runner import verify as check

    settings = data_dir_settings(arguments)
    if not settings.data_dir.is_dir():
        sys.exit(f"babysit: there is no data directory {settings.data_dir}.")
    sys.exit(check(settings, arguments.run, deep=arguments.deep, report=print))


def doctor(arguments: argparse.Namespace) -> None:
    """Name what is wrong, and end with 1 when something is a problem."""
    from ..diagnostics.doctor import Level, diagnose
    from ..diagnostics.facts import collect

    findings = diagnose(collect(data_dir_settings(arguments)))
    sys.stdout.write("".join(f"{finding}\n" for finding in findings))
    sys.exit(1 if any(finding.level is Level.PROBLEM for finding in findings) else 0)


def print_link(arguments: argparse.Namespace) -> None:
    """Print what the server printed at its start; a running one follows new tokens by itself."""
    settings = data_dir_settings(arguments)
    if not settings.data_dir.is_dir():
        sys.exit(f"babysit: there is no data directory {settings.data_dir}.")
    try:
        server = server_of(settings.data_dir) or {}
    except OSError as error:
        sys.exit(f"babysit: {settings.data_dir} cannot be used: {error.strerror}.")
    given = settings.token is not None or server.get("token_from") == GIVEN
    if arguments.rotate and given:
        sys.exit(f"babysit: {GIVEN} sets the token. Change it there, and start the server again.")
    role = VIEWER if arguments.viewer else OWNER
    try:
        if arguments.rotate:
            made = {each: new_token(settings.data_dir, each) for each in FILES}
            token = made[role]
        elif role == OWNER and given:
            token = settings.token or sys.exit(f"babysit: the server has its token from {GIVEN}.")
        else:
            token = kept_token(settings.data_dir, role)
    except OSError as error:
        sys.exit(f"babysit: the token cannot be kept in {settings.data_dir}: {error.strerror}.")
    sys.stdout.write(f"{server.get('page') or page_url(settings)}#t={token}\n")

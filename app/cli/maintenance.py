"""Commands on a data directory: `rebuild`, `backup`, `verify`, `doctor`, `token`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from babysit.storage.server_file import server_of

from ..data_dir.lock import locked
from ..data_dir.server_file import page_url
from ..errors import CannotBackUp, CannotRebuild, UnusableDatabase
from ..security.tokens import FILES, OWNER, VIEWER, kept_token, new_token
from .settings import data_dir_settings

GIVEN = "BABYSIT_TOKEN"


def register(commands: Any) -> None:
    """Add the commands to the command line."""
    rebuild_parser = commands.add_parser(
        "rebuild", help="rebuild the database from the run directories"
    )
    rebuild_parser.set_defaults(act=rebuild)
    backup_parser = commands.add_parser(
        "backup", help="copy the data directory, also while runs train"
    )
    backup_parser.add_argument("target", type=Path, help="the new directory")
    backup_parser.set_defaults(act=back_up)
    verify_parser = commands.add_parser(
        "verify", help="check that database, journals and checkpoints agree"
    )
    verify_parser.add_argument("run", type=int, nargs="?", help="check only this run (default all)")
    verify_parser.add_argument(
        "--deep", action="store_true", help="also load every checkpoint and check its state"
    )
    verify_parser.set_defaults(act=verify)
    doctor_parser = commands.add_parser(
        "doctor", help="look for problems with this machine, the settings and the data directory"
    )
    doctor_parser.set_defaults(act=doctor)
    token_parser = commands.add_parser("token", help="print the sign-in link")
    token_parser.add_argument(
        "--viewer", action="store_true", help="print the viewer link, which allows no changes"
    )
    token_parser.add_argument(
        "--rotate", action="store_true", help="create new tokens first; this ends all sessions"
    )
    token_parser.set_defaults(act=print_link)
    for parser in (rebuild_parser, backup_parser, verify_parser, doctor_parser, token_parser):
        parser.add_argument("--data-dir", type=Path, help="directory of all data (default var)")


def rebuild(arguments: argparse.Namespace) -> None:
    """Rebuild the database; exit with 1 if something is missing."""
    from ..data_dir.rebuild import rebuild as rebuild_database

    settings = data_dir_settings(arguments)
    if not settings.data_dir.is_dir():
        sys.exit(f"babysit: the data directory {settings.data_dir} does not exist.")
    with locked(settings.data_dir, settings.sql_url):
        try:
            code = rebuild_database(settings, print)
        except CannotRebuild as error:
            sys.exit(f"babysit: {error}")
    sys.exit(code)


def back_up(arguments: argparse.Namespace) -> None:
    """Copy the data directory, with or without a running server."""
    from ..data_dir.backup import back_up as copy_data

    settings = data_dir_settings(arguments)
    try:
        copy_data(settings, arguments.target.expanduser().resolve(), print)
    except (CannotBackUp, UnusableDatabase) as error:
        sys.exit(f"babysit: {error}")


def verify(arguments: argparse.Namespace) -> None:
    """Check, with or without a running server; exit with 1 if something is wrong."""
    from ..verify.runner import verify as check

    settings = data_dir_settings(arguments)
    if not settings.data_dir.is_dir():
        sys.exit(f"babysit: the data directory {settings.data_dir} does not exist.")
    sys.exit(check(settings, arguments.run, deep=arguments.deep, report=print))


def doctor(arguments: argparse.Namespace) -> None:
    """Print findings; exit with 1 if one is a problem."""
    from ..diagnostics.doctor import Level, diagnose
    from ..diagnostics.facts import collect

    findings = diagnose(collect(data_dir_settings(arguments)))
    sys.stdout.write("".join(f"{finding}\n" for finding in findings))
    sys.exit(1 if any(finding.level is Level.PROBLEM for finding in findings) else 0)


def print_link(arguments: argparse.Namespace) -> None:
    """Print the link that the server printed; a running server reads new tokens by itself."""
    settings = data_dir_settings(arguments)
    if not settings.data_dir.is_dir():
        sys.exit(f"babysit: there is no data directory {settings.data_dir}.")
    try:
        server = server_of(settings.data_dir) or {}
    except OSError as error:
        sys.exit(f"babysit: {settings.data_dir} cannot be used: {error.strerror}.")
    given = settings.token is not None or server.get("token_from") == GIVEN
    if arguments.rotate and given:
        sys.exit(f"babysit: the token is set by {GIVEN}. Change it there and restart the server.")
    role = VIEWER if arguments.viewer else OWNER
    try:
        if arguments.rotate:
            made = {each: new_token(settings.data_dir, each) for each in FILES}
            token = made[role]
        elif role == OWNER and given:
            token = settings.token or sys.exit(
                f"babysit: the token of the server is set by {GIVEN}."
            )
        else:
            token = kept_token(settings.data_dir, role)
    except OSError as error:
        sys.exit(f"babysit: cannot write the token to {settings.data_dir}: {error.strerror}.")
    sys.stdout.write(f"{server.get('page') or page_url(settings)}#t={token}\n")

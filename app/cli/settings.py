"""The settings of a command; an invalid one ends the command with a message."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from pydantic import ValidationError

from babysit.storage.objects.storage import ObjectStorage

from ..limits import TOKEN_CHARACTERS_MIN
from ..security.tokens import is_strong
from ..settings import Settings


def server_settings(arguments: argparse.Namespace) -> Settings:
    """The settings of a server: flags over environment over defaults."""
    given = {name: value for name, value in vars(arguments).items() if value is not None}
    flags: dict[str, Any] = {name: given[name] for name in Settings.model_fields if name in given}
    settings = _checked(flags)
    for folder in settings.task_folders[1:]:
        if not folder.is_dir():
            sys.exit(f"babysit: the setting models is invalid: {folder} is not a folder.")
    if settings.ray and settings.launcher:
        sys.exit("babysit: --ray and --launcher both start the workers: use one of them.")
    if settings.storage:
        _check_storage(settings.storage)
    if not settings.is_loopback and not settings.allow_host:
        sys.exit(
            f"babysit: {settings.host} can be reached from other machines. Set the host name that "
            "they use with --allow-host NAME, or listen on 127.0.0.1."
        )
    if settings.is_reachable and settings.token and not is_strong(settings.token):
        sys.exit(
            "babysit: BABYSIT_TOKEN is too weak for a server that other machines can reach: use at "
            f"least {TOKEN_CHARACTERS_MIN} random characters, or unset it to have one created."
        )
    if not settings.is_loopback and not settings.trusted_proxy:
        sys.stderr.write(
            "babysit: WARNING: connections are not encrypted (no TLS). Anyone on the network path "
            "can read the token and run code as you. Use a reverse proxy with TLS "
            "(--trusted-proxy), or listen on 127.0.0.1 and connect with ssh -L.\n"
        )
    return settings


def _check_storage(address: str) -> None:
    try:
        ObjectStorage(address).close()
    except ValueError as error:
        sys.exit(f"babysit: the setting storage is invalid: it {error}.")


def data_dir_settings(arguments: argparse.Namespace) -> Settings:
    """The settings of a server on the data directory of a command."""
    return _checked({} if arguments.data_dir is None else {"data_dir": arguments.data_dir})


def _checked(flags: dict[str, Any]) -> Settings:
    try:
        return Settings(**flags)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        message = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
        sys.exit(f"babysit: the setting {name} is invalid: {message}.")

"""The settings of a command; a wrong one ends the command with a clear line."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from pydantic import ValidationError

from ..limits import TOKEN_CHARACTERS_MIN
from ..security.tokens import is_strong
from ..settings import Settings


def server_settings(arguments: argparse.Namespace) -> Settings:
    """The settings of a server: flags over environment over defaults."""
    given = {name: value for name, value in vars(arguments).items() if value is not None}
    flags: dict[str, Any] = {name: given[name] for name in Settings.model_fields if name in given}
    settings = _checked(flags)
    if not settings.is_loopback and not settings.allow_host:
        sys.exit(
            f"babysit: {settings.host} can be reached from other machines. Name how they call this "
            "server with --allow-host NAME, or listen on 127.0.0.1."
        )
    if settings.is_reachable and settings.token and not is_strong(settings.token):
        sys.exit(
            "babysit: BABYSIT_TOKEN is too weak to be reached from other machines: give at least "
            f"{TOKEN_CHARACTERS_MIN} random characters, or none, and one is made."
        )
    if not settings.is_loopback and not settings.trusted_proxy:
        sys.stderr.write(
            "babysit: WARNING: there is no TLS here. Everybody on the way can read the token, and "
            "then start code that runs as you. Put a reverse proxy with TLS in front "
            "(--trusted-proxy), or listen on 127.0.0.1 and come by ssh -L.\n"
        )
    return settings


def data_dir_settings(arguments: argparse.Namespace) -> Settings:
    """The settings of a server on the data directory that a command names."""
    return _checked({} if arguments.data_dir is None else {"data_dir": arguments.data_dir})


def _checked(flags: dict[str, Any]) -> Settings:
    try:
        return Settings(**flags)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        sys.exit(f"babysit: the setting {name} is not right: {first['msg']}.")

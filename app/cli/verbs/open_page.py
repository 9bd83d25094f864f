"""`babysit open`: prints the link to the page, and how to open it from another machine."""

from __future__ import annotations

import argparse
import getpass
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from babysit.client import Client
from babysit.client.connection import LOOPBACK

from .verb import Shown, add_verb

DEFAULT_PORTS = {"http": 80, "https": 443}


def register(commands: Any) -> None:
    """Add the verb to the command line."""
    parser = add_verb(commands, "open", open_page, "print the link to the page, signed in")
    parser.add_argument("run", metavar="RUN", nargs="?", help="a run to show: its id or its name")


def open_page(client: Client, arguments: argparse.Namespace) -> Iterator[Shown]:
    run = None if arguments.run is None else client.run(arguments.run).id
    client.ask("/api/session")  # a link that would not sign in is not printed
    view = "" if run is None else f"?run={run}"
    fragment = f"#t={client.token}" if client.token else ""
    link = f"{client.page}{view}{fragment}"
    parts = urlsplit(client.page)
    tunnel = None
    if parts.hostname in LOOPBACK:
        port = parts.port or DEFAULT_PORTS[parts.scheme]
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        tunnel = f"ssh -L {port}:{host}:{port} {getpass.getuser()}@{socket.gethostname()}"
    text = link if tunnel is None else f"{link}\nFrom another machine, first: {tunnel}"
    yield Shown(text, {"url": link, "ssh": tunnel})

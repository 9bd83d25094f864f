"""`babysit fork` and `rewind`: new runs from a checkpoint."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import partial
from typing import Any

from babysit.client import Client

from .assignments import HELP, read_assignments
from .verb import Shown, add_verb


def register(commands: Any) -> None:
    """Add the verbs to the command line."""
    for name, help in (
        ("fork", "start a new run from a checkpoint"),
        ("rewind", "go back to a checkpoint: a fork that replaces its run"),
    ):
        verb = partial(branch, rewind=name == "rewind")
        parser = add_verb(commands, name, verb, help)
        parser.add_argument(
            "checkpoint", type=int, metavar="CHECKPOINT", help="its id: see `babysit checkpoints`"
        )
        parser.add_argument("values", nargs="*", metavar="NAME=VALUE", help=HELP)
        parser.add_argument("--name", help="of the new run")
        parser.add_argument("--steps", type=int, help="the last step of the new run")
        parser.add_argument("--note", metavar="TEXT", help="the reason")
        parser.add_argument("--paused", action="store_true", help="wait before the first step")


def branch(client: Client, arguments: argparse.Namespace, *, rewind: bool) -> Iterator[Shown]:
    given = {
        "name": arguments.name,
        "steps": arguments.steps,
        "note": arguments.note,
        "paused": arguments.paused or None,
        "rewind": rewind or None,
    }
    options = {name: value for name, value in given.items() if value is not None}
    known = client.checkpoint(arguments.checkpoint)["values"] or {}
    values = read_assignments(arguments.values, known)
    run = client.fork(arguments.checkpoint, values, **options).read()
    yield Shown(f"run {run['id']}: {run['name']}, {run['status']} at step {run['step']:,}", run)

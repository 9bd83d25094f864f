"""What all verbs share: their options, their output, and their exit codes."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from babysit.client import BabysitError, Client, NoServer, Refused
from babysit.storage.journal import to_jsonable

from ..log_format import escape_unprintable

DONE, REFUSED, NO_SERVER, INTERRUPTED = 0, 1, 2, 130  # exit codes


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing that a verb prints: for people, and for --json."""

    text: str
    body: Any


Verb: TypeAlias = Callable[[Client, argparse.Namespace], Iterable[Shown]]


def add_verb(commands: Any, name: str, verb: Verb, help: str, **options: Any) -> Any:
    """A parser with the options of every verb."""
    parser = commands.add_parser(name, help=help, **options)
    parser.add_argument("--json", action="store_true", help="print JSON, one value on each line")
    parser.add_argument("--url", help="the server (default BABYSIT_URL, or that of --data-dir)")
    parser.add_argument(
        "--data-dir", type=Path, help="use the server of this directory (default var)"
    )
    parser.set_defaults(act=partial(carry_through, verb))
    return parser


def add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="the id of a run, or its name")


def carry_through(verb: Verb, arguments: argparse.Namespace) -> None:
    """Carry a verb out, print what it shows, and exit with its code."""
    sys.exit(_exit_code(verb, arguments))


def _exit_code(verb: Verb, arguments: argparse.Namespace) -> int:
    try:
        client = Client(arguments.url, data_dir=arguments.data_dir)
        for shown in verb(client, arguments):
            _print(shown, as_json=arguments.json)
    except BabysitError as error:
        return failed(error, as_json=arguments.json)
    except BrokenPipeError:  # of `| head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return DONE if getattr(arguments, "follow", False) else INTERRUPTED
    return DONE


def _print(shown: Shown, *, as_json: bool) -> None:
    text = json.dumps(to_jsonable(shown.body)) if as_json else shown.text
    # Names and notes are anybody's: they must not control the terminal.
    line = escape_unprintable(text, lines=True)
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(line.encode(encoding, "replace").decode(encoding) + "\n")
    sys.stdout.flush()


def failed(error: BabysitError, *, as_json: bool) -> int:
    """Say why; with --json also on standard output, as the API does."""
    if as_json:
        body = error.body if isinstance(error, Refused) else {"error": "failed"}
        _print(Shown("", {**body, "message": str(error)}), as_json=True)
    sys.stderr.write(f"babysit: {escape_unprintable(str(error))}\n")
    return NO_SERVER if isinstance(error, NoServer) else REFUSED

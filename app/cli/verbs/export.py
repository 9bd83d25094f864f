"""`babysit export`: a run as a file."""

from __future__ import annotations

import argparse
import http.client
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babysit.client import BabysitError, Client

from .verb import Shown, add_run, add_verb

ENDINGS = {
    "csv": ".csv",
    "json": ".json",
    "parquet": ".parquet",
    "markdown": ".md",
    "html": ".html",
    "recipe": "-recipe.yaml",
}
STDOUT = "-"
BLOCK_BYTES = 1 << 16


def register(commands: Any) -> None:
    """Add the verb to the command line."""
    parser = add_verb(commands, "export", export, "write a run into a file")
    add_run(parser)
    parser.add_argument("--format", choices=ENDINGS, default="csv", help="default csv")
    parser.add_argument(
        "-o", "--output", help="the file, or - for standard output (default run-ID.FORMAT)"
    )


def export(client: Client, arguments: argparse.Namespace) -> Iterator[Shown]:
    run = client.run(arguments.run)
    path = f"/api/runs/{run.id}/export"
    target = arguments.output or f"run-{run.id}{ENDINGS[arguments.format]}"
    with client.open(path, query={"format": arguments.format}) as response:
        if target == STDOUT:
            _copy(client, response, sys.stdout.buffer)
            return
        try:
            size = _write(client, response, Path(target))
        except FileExistsError:
            raise BabysitError(f"{target} exists. Choose another file with --output.") from None
        except OSError as error:
            raise BabysitError(f"{target} cannot be written: {error.strerror}.") from error
    yield Shown(
        f"wrote {target}, {size:,} bytes",
        {"file": target, "format": arguments.format, "bytes": size},
    )


def _write(client: Client, response: http.client.HTTPResponse, target: Path) -> int:
    """The number of bytes. A file that is not complete is removed."""
    with target.open("xb") as file:
        try:
            _copy(client, response, file)
            return file.tell()
        except BaseException:
            target.unlink(missing_ok=True)
            raise


def _copy(client: Client, response: http.client.HTTPResponse, file: Any) -> None:
    try:
        while block := response.read(BLOCK_BYTES):
            file.write(block)
        file.flush()
    except http.client.HTTPException as error:
        raise client.unreachable(error) from error

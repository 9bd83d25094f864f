"""`babysit run`: start a script of one's own with the server, and follow its output."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from babysit.client import BabysitError, Client
from babysit.client.run import Run
from babysit.protocol.spec.script_files import register as register_script
from babysit.protocol.spec.script_start import script_spec

from .verb import INTERRUPTED, Shown, add_verb

LOOK_EVERY_S = 0.1
OUTPUT_BYTES = 1 << 16
OVER = ("finished", "stopped", "failed", "lost")
SIGNALLED = 128  # plus its number: the exit code of a process that a signal ended
FAILED = 1
EXIT_SAID_WITHIN_S = 2.0  # a run is over before its process has ended


def register(commands: Any) -> None:
    """Add the verb to the command line."""
    parser = add_verb(
        commands,
        "run",
        run_script,
        "start a training script with the server of the data directory, and follow its output",
    )
    parser.add_argument("--name", help="of the run (default: the script's, and a number)")
    parser.add_argument(
        "--detach", action="store_true", help="print the run, and do not wait for its end"
    )
    parser.add_argument("script", metavar="SCRIPT", help="for example train.py")
    parser.add_argument(
        "argv", nargs=argparse.REMAINDER, metavar="ARGUMENTS", help="passed to the script as given"
    )


def run_script(client: Client, arguments: argparse.Namespace) -> Iterator[Shown]:
    path = Path(arguments.script).resolve()
    if not path.is_file():
        raise BabysitError(f"{arguments.script} is not a file.")
    spec = replace(script_spec(path, arguments.argv), supervised=True)
    try:
        ident = register_script(client.data_dir, spec)
    except OSError as error:
        raise BabysitError(f"{client.data_dir} cannot be written: {error.strerror}.") from error
    named = {} if arguments.name is None else {"name": arguments.name}
    run = client.start(script=ident, **named)
    if arguments.json or arguments.detach:
        yield Shown(f"run {run.id}", run.read())
    if arguments.detach:
        return
    sys.stderr.write(f"babysit: run {run.id}, {client.page}runs/{run.id}\n")
    try:
        code = _copy_output(run, client.data_dir / "runs" / str(run.id))
    except KeyboardInterrupt:
        sys.stderr.write(f"\nbabysit: run {run.id} goes on; `babysit stop {run.id}` ends it\n")
        code = INTERRUPTED
    sys.exit(code)


def _copy_output(run: Run, directory: Path) -> int:
    """Copy the script's output until the run is over. Returns: the exit code of the script."""
    offset = 0
    while True:
        is_over = run.status in OVER
        offset = copy_log(directory / "worker.log", offset)
        if is_over:
            return _exit_code(run, directory)
        time.sleep(LOOK_EVERY_S)  # no event tells of output: it goes from the script to the file


def copy_log(path: Path, offset: int) -> int:
    """Copy what a file has got since. Returns: how far it is copied."""
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        size = file.seek(0, 2)
        offset = offset if offset <= size else 0  # it was emptied: it had grown too large
        file.seek(offset)
        while data := file.read(OUTPUT_BYTES):
            sys.stdout.buffer.write(data)
            offset += len(data)
        sys.stdout.flush()
    return offset


def _exit_code(run: Run, directory: Path) -> int:
    body = run.read()
    end_s = time.monotonic() + EXIT_SAID_WITHIN_S
    path = directory / f"exit-{body['attempt']:04d}.json"
    while time.monotonic() < end_s:
        with contextlib.suppress(OSError, ValueError, KeyError):
            status = int(json.loads(path.read_text())["status"])
            return status if status >= 0 else SIGNALLED - status
        time.sleep(LOOK_EVERY_S)  # whoever started the script writes the file, and no event
    return 0 if body["status"] in ("finished", "stopped") else FAILED

"""`babysit work`: one attempt of one run, on a machine that shares no disk with the server.

The address and the token come by the environment, or as one JSON line on the standard input:
both are read before anything of the task is.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from babysit.protocol.machine import this_machine
from babysit.remote.companion import Companion
from babysit.remote.connection import Access, Connection, RefusedByServer
from babysit.remote.run_storage import RemoteRunStorage
from babysit.remote.scratch import Scratch

TOLD_WITHIN_S = 60.0
VARIABLES = {
    "url": "BABYSIT_WORKER_URL",
    "run": "BABYSIT_WORKER_RUN",
    "attempt": "BABYSIT_WORKER_ATTEMPT",
    "token": "BABYSIT_WORKER_TOKEN",
}
LINE_BYTES_MAX = 65_536


def read_access() -> Access:
    """What the server told, by the environment or on the standard input.

    Raises:
        ValueError: it told nothing, or something else.
    """
    told: dict[str, object] = {
        name: os.environ[variable] for name, variable in VARIABLES.items() if variable in os.environ
    }
    for variable in VARIABLES.values():  # processes that this one starts must not have them
        os.environ.pop(variable, None)
    if len(told) < len(VARIABLES):
        told = _read_line()
    try:
        return Access(
            str(told["url"]), int(str(told["run"])), int(str(told["attempt"])), str(told["token"])
        )
    except (KeyError, ValueError):
        raise ValueError(
            "A worker is started by the command of the setting BABYSIT_LAUNCHER, which gets the "
            "address of the server and a token by its environment and its standard input."
        ) from None


def _read_line() -> dict[str, object]:
    if not select.select([0], [], [], TOLD_WITHIN_S)[0]:
        return {}
    try:
        line = json.loads(sys.stdin.buffer.readline(LINE_BYTES_MAX))
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}


def main(arguments: list[str] | None = None) -> int:
    """Entry point. Returns: the exit code."""
    parser = argparse.ArgumentParser(
        prog="babysit work", description="Work on one run that is kept on another machine."
    )
    parser.add_argument(
        "--dir", type=Path, help="where the worker keeps its files meanwhile (default: a new one)"
    )
    parser.add_argument(
        "--machine", help="the name of this machine for the server (default: its host name)"
    )
    parsed = parser.parse_args(arguments)
    try:
        access = read_access()
        may_be_plain = os.environ.get("BABYSIT_WORKER_PLAIN") == "1"
        connection = Connection(access, may_be_plain=may_be_plain)
        if parsed.dir is not None:
            parsed.dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="babysit-", dir=parsed.dir) as folder:
            machine = asdict(this_machine())
            machine["name"] = parsed.machine or machine["name"]
            storage = RemoteRunStorage(connection, machine)
            scratch = Scratch(Path(folder), access.run)
            companion = Companion(storage, scratch, access.attempt)
            # The worker inherits it: asked for its stack while it still imports, it would end.
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, lambda *_: companion.terminate())
            return companion.work()
    except (ValueError, OSError, RefusedByServer) as error:
        sys.stderr.write(f"babysit work: {error}\n")
        return os.EX_CONFIG


if __name__ == "__main__":
    sys.exit(main())

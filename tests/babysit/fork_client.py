"""A real fork server process, spoken to in its own protocol: one JSON object a line."""

from __future__ import annotations

import itertools
import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

READY_WITHIN_S = 90.0  # it imports torch
ANSWERED_WITHIN_S = 60.0
ENDED_WITHIN_S = 60.0  # it may be importing something just then


class ForkServer:
    """`python -m babysit.fork_server`, and what it has said so far."""

    def __init__(self, models: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "babysit.forkserver"],
            env={**os.environ, "BABYSIT_MODELS": str(models)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.said: list[dict[str, Any]] = []
        self._ids = itertools.count(1)
        self._unread = b""
        self.ready = self.wait_for(READY_WITHIN_S, ready=True)

    def work(self, run_directory: Path, attempt: int) -> int:
        """Have a worker forked; its pid."""
        ident = self.ask(do="work", run_directory=str(run_directory), attempt=attempt)
        return int(self.wait_for(id=ident)["pid"])

    def describe(self, file: Path, timeout_s: float = 30) -> dict[str, Any]:
        ident = self.ask(do="describe", file=str(file), timeout_s=timeout_s)
        description: dict[str, Any] = self.wait_for(id=ident)["description"]
        return description

    def ask(self, **request: Any) -> int:
        """Send a request; its id."""
        ident = next(self._ids)
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"id": ident, **request}).encode() + b"\n")
        self.process.stdin.flush()
        return ident

    def wait_for(self, within_s: float = ANSWERED_WITHIN_S, **fields: Any) -> dict[str, Any]:
        """The first message with these fields; fails when the fork server ends without it."""
        end_s = time.monotonic() + within_s
        while True:
            for message in self.said:
                if fields.items() <= message.items():
                    return message
            left_s = end_s - time.monotonic()
            assert left_s > 0, f"the nursery did not say {fields} within {within_s:.0f} s"
            assert self._read(left_s), f"the nursery ended before it said {fields}"

    def _read(self, timeout_s: float) -> bool:
        assert self.process.stdout is not None
        fd = self.process.stdout.fileno()
        if not select.select([fd], [], [], timeout_s)[0]:
            return True
        data = os.read(fd, 1 << 20)
        *lines, self._unread = (self._unread + data).split(b"\n")
        self.said += [json.loads(line) for line in lines]
        return bool(data)

    def close(self) -> None:
        """Close its input, which ends it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        if not self.process.stdin.closed:
            self.process.stdin.close()
        try:
            self.process.wait(timeout=ENDED_WITHIN_S)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()

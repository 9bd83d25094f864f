"""A real Babysit for a test: the command line on a free port, and bounded waits."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

STARTED_WITHIN_S = 60.0
STOPPED_WITHIN_S = 10.0
POLL_EVERY_S = 0.02
TOKEN = "a-token-for-the-tests-0123456789abcdef"
MARK = "BABYSIT_TEST_MARK"  # in the environment of the server and of all it starts
COMMAND = (sys.executable, "-m", "app.cli")
READY = re.compile(
    r"Babysit is at (?P<address>(?P<url>http://[^/\s]+)(?P<root>/[^#\s]*))(?:#t=\S+)?\n"
)

Result = TypeVar("Result")


def web_client(url: str = "", **options: Any) -> httpx.Client:
    """A client for the loopback, where no proxy of the machine belongs. There is no TLS, and to
    read the certificates for it would take 50 ms each time.
    """
    return httpx.Client(base_url=url, trust_env=False, verify=False, **options)


@dataclass
class LiveServer:
    """A `babysit serve` that runs, and a client that is signed in to it."""

    process: subprocess.Popen[bytes]
    url: str  # http://127.0.0.1:PORT, without a slash at the end
    address: str  # what it printed to be opened, and the token, which it prints to terminals only
    data_dir: Path
    log: Path
    mark: str
    token: str
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        authorization = {"Authorization": f"Bearer {self.token}"}
        self.client = web_client(self.url, headers=authorization, timeout=30)

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def start_run(self, task: str = "spirals", **asked: Any) -> dict[str, Any]:
        """A new run; `asked` are the fields of POST /api/runs."""
        answer = self.client.post("/api/runs", json={"task": task, **asked})
        assert answer.status_code == 201, answer.text
        run: dict[str, Any] = answer.json()
        return run

    def run(self, run_id: int) -> dict[str, Any]:
        answer = self.client.get(f"/api/runs/{run_id}")
        assert answer.status_code == 200, answer.text
        run: dict[str, Any] = answer.json()
        return run

    def events(self, run_id: int, kind: str | None = None) -> list[dict[str, Any]]:
        """The oldest 1,000 events of a run, or those of one kind."""
        asked: dict[str, str | int] = {"limit": 1000}
        if kind:
            asked["kind"] = kind
        answer = self.client.get(f"/api/runs/{run_id}/events", params=asked)
        assert answer.status_code == 200, answer.text
        events: list[dict[str, Any]] = answer.json()["events"]
        return events

    def command(self, run_id: int, kind: str, **asked: Any) -> dict[str, Any]:
        """Send a command and wait until it is applied or refused; the answer."""
        sent = self.client.post(f"/api/runs/{run_id}/commands", json={"kind": kind, **asked})
        assert sent.status_code == 202, sent.text
        where = f"/api/runs/{run_id}/commands/{sent.json()['command_id']}"
        answer = self.client.get(where, params={"wait_s": 10})
        assert answer.status_code == 200, answer.text
        command: dict[str, Any] = answer.json()
        assert command["status"] != "pending", (command, self.output)
        return command

    def wait_until(
        self, look: Callable[[], Result | None], what: str, timeout_s: float = 45.0
    ) -> Result:
        """The first result of `look` that is true.

        Raises:
            AssertionError: it took longer than `timeout_s`, or the server died meanwhile.
        """
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            result = look()
            if result:
                return result
            assert self.process.poll() is None, f"the server died:\n{self.output}"
            time.sleep(POLL_EVERY_S)
        raise AssertionError(f"{what}: not within {timeout_s} s; the server said:\n{self.output}")

    def wait_for_status(
        self, run_id: int, *statuses: str, timeout_s: float = 45.0
    ) -> dict[str, Any]:
        seen: dict[str, Any] = {}

        def look() -> dict[str, Any] | None:
            seen.update(self.run(run_id))
            return seen if seen["status"] in statuses else None

        try:
            return self.wait_until(look, f"run {run_id} is {' or '.join(statuses)}", timeout_s)
        except AssertionError as error:
            newest = {name: seen.get(name) for name in ("status", "reason", "step", "attempt")}
            raise AssertionError(f"{error}\nit was {newest}") from error

    def wait_for_step(self, run_id: int, step: int, timeout_s: float = 45.0) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            run = self.run(run_id)
            return run if run["step"] >= step else None

        return self.wait_until(look, f"run {run_id} is at step {step}", timeout_s)

    def kill(self) -> None:
        """As a crash would: no goodbye."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(STOPPED_WITHIN_S)


@contextmanager
def serving(
    data_dir: Path,
    *arguments: str,
    mark: str | None = None,
    cwd: Path | None = None,
    command: Sequence[str] = COMMAND,
    **environment: str,
) -> Iterator[LiveServer]:
    """`babysit serve` on a free port, gone when the block is left, however it is left.

    arguments: flags of `babysit serve`; environment: variables over those that are inherited.
    command: what `babysit` is, by default the code of the checkout.
    Workers outlive a server by design. They end with the block too, but for a caller that gave a
    `mark` of its own and ends them itself with `end_marked`.

    Raises:
        AssertionError: it ended before it was ready, or was not ready in time; with its output.
    """
    own_mark = mark or uuid.uuid4().hex
    log = data_dir.parent / f"{data_dir.name}.server.log"
    log.unlink(missing_ok=True)
    settings = {"BABYSIT_TOKEN": TOKEN, MARK: own_mark, "PYTHONUNBUFFERED": "1"}
    settings |= {"BABYSIT_PRELOAD": "json"}  # scikit-learn would take a second
    settings |= {"BABYSIT_PROVE": "0"} | environment  # no processes beside those of the test
    inherited = {name: value for name, value in os.environ.items() if "BABYSIT_" not in name}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "serve", "--port", "0", "--data-dir", str(data_dir), *arguments],
            env=inherited | settings,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        ready = _wait_until_ready(process, log)
        token = settings["BABYSIT_TOKEN"] or (data_dir / "token").read_text().strip()
        server = LiveServer(
            process=process,
            url=ready["url"],
            address=f"{ready['address']}#t={token}",
            token=token,
            data_dir=data_dir,
            log=log,
            mark=own_mark,
        )
        with server.client:
            yield server
    finally:
        end(process)
        if mark is None:
            end_marked(own_mark)


def end(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGTERM) -> None:
    """Signal a process, and kill it when it does not end."""
    process.send_signal(number)
    try:
        process.wait(STOPPED_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def end_marked(mark: str) -> None:
    """Kill every process whose environment carries `mark` (Linux; elsewhere there is no /proc)."""
    wanted = f"{MARK}={mark}".encode()
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if wanted in environment.read_bytes().split(b"\0"):
                os.kill(int(environment.parent.name), signal.SIGKILL)
        except (OSError, ValueError):
            continue  # gone meanwhile, or not ours to read


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> re.Match[str]:
    deadline = time.monotonic() + STARTED_WITHIN_S
    while time.monotonic() < deadline:
        ended = process.poll() is not None  # looked at first: the output is complete then
        ready = READY.search(log.read_text(errors="replace"))
        if ready:
            return ready
        assert not ended, f"babysit serve ended with {process.returncode}:\n{log.read_text()}"
        time.sleep(POLL_EVERY_S)
    raise AssertionError(f"not ready in {STARTED_WITHIN_S} s:\n{log.read_text(errors='replace')}")

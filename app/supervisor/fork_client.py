"""Client of the fork server: asks it to fork workers and to describe tasks."""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import subprocess
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from ..child_process import child_environment, python_module

log = logging.getLogger(__name__)

WORK_WITHIN_S = 20.0
DESCRIBED_WITHIN_S = 86_400.0  # loading a large data set may take hours
ENDED_WITHIN_S = 2.0


class ForkServerGone(Exception):
    """The fork server is not available; workers are started without it."""


class ForkServerClient:
    """A process `python -m babysit.forkserver`. Thread-safe.

    environment: variables that workers find in place of the server's own.
    """

    def __init__(
        self,
        log_path: Path,
        on_exit: Callable[[], None],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._on_exit = on_exit  # called when a worker has ended
        self._environment = dict(environment or {})
        self._ids = itertools.count(1)
        self._waiting: dict[int, Future[dict[str, Any]]] = {}
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self.torch = ""  # its version, once the fork server is ready
        self.is_loading = False  # it imports modules in advance and answers afterwards
        self.ready = threading.Event()
        self._log_path = log_path

    def start(self) -> None:
        """Start the process; requests wait until it is ready."""
        try:
            with self._log_path.open("ab") as errors:
                self._process = subprocess.Popen(
                    python_module("babysit.forkserver"),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    env=self.environment(),
                    start_new_session=True,
                )
        except OSError as error:
            log.warning("cannot start the fork server: %s", error)
            self._forget_all()
            return
        threading.Thread(
            target=self._listen, args=(self._process,), name="nursery", daemon=True
        ).start()

    def environment(self) -> dict[str, str]:
        """The environment of workers, also of those that are started without the fork server."""
        return {**child_environment(), **self._environment}

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def work(
        self, run_directory: Path, attempt: int, *, may_retry: bool, proves: bool = False
    ) -> int:
        """Fork a worker and return its pid.

        may_retry: a further attempt follows if this one's task raises.
        proves: it only repeats and compares what the attempts before it recorded.

        Raises:
            ForkServerGone: it is not available, or did not answer.
        """
        request = {
            "do": "work",
            "run_directory": str(run_directory),
            "attempt": attempt,
            "may_retry": may_retry,
            "proves": proves,
        }
        return int(self._ask(request, WORK_WITHIN_S)["pid"])

    def describe(self, file: Path, timeout_s: float) -> dict[str, Any]:
        """The description of a task file, or the error that it raises.

        Raises:
            ForkServerGone: it is not available, or did not answer.
        """
        request = {"do": "describe", "file": str(file), "timeout_s": timeout_s}
        description: dict[str, Any] = self._ask(request, timeout_s + 10.0)["description"]
        return description

    def begin_describe(self, file: Path) -> tuple[int, Future[dict[str, Any]]]:
        """Ask for the description of a task file, which may take as long as its data take to load.

        Returns:
            The number of the request, for `cancel`; and its answer, whose "description" is that of
            `describe`. The answer raises OSError if the fork server exits.

        Raises:
            ForkServerGone: it is not available.
        """
        request = {"do": "describe", "file": str(file), "timeout_s": DESCRIBED_WITHIN_S}
        return self._send(request)

    def cancel(self, number: int) -> None:
        """End a description that is not needed any more."""
        with self._lock:
            self._waiting.pop(number, None)
        with contextlib.suppress(ForkServerGone):
            self._send({"do": "cancel", "describes": number})

    def _ask(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        number, answer = self._send(request)
        try:
            return answer.result(timeout_s)
        except (OSError, TimeoutError) as error:
            raise ForkServerGone(str(error)) from error
        finally:
            with self._lock:
                self._waiting.pop(number, None)

    def _send(self, request: dict[str, Any]) -> tuple[int, Future[dict[str, Any]]]:
        process, answer = self._process, Future[dict[str, Any]]()
        if process is None or process.stdin is None or process.poll() is not None:
            raise ForkServerGone("it is not running")
        number = next(self._ids)
        try:
            with self._lock:
                if request["do"] != "cancel":  # which has no answer
                    self._waiting[number] = answer
                process.stdin.write(json.dumps({"id": number, **request}).encode() + b"\n")
                process.stdin.flush()
        except (OSError, ValueError) as error:
            with self._lock:
                self._waiting.pop(number, None)
            raise ForkServerGone(str(error)) from error
        return number, answer

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            try:
                message = json.loads(line)
            except (ValueError, RecursionError):
                message = None
            if not isinstance(message, dict):
                log.warning("the fork server sent a line that is not a message")
                continue
            if message.get("ready"):
                self.torch = str(message.get("torch", ""))
                self.ready.set()
            elif "loading" in message:
                self.is_loading = bool(message["loading"])
            elif "exited" in message:
                self._on_exit()
            else:
                with self._lock:
                    waiting = self._waiting.pop(message.get("id", 0), None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(message)
        self._forget_all()
        self._on_exit()

    def _forget_all(self) -> None:
        self.ready.set()  # ends the waiting for it
        with self._lock:
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(OSError("the fork server has exited"))

    def close(self) -> None:
        """End the fork server; its workers continue."""
        process = self._process
        if process is None:
            return
        with contextlib.suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()
        if not self.torch:
            process.kill()  # still importing: it has no workers and reads no requests
        try:
            process.wait(ENDED_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

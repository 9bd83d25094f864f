"""Starts each worker by the command of the setting `BABYSIT_LAUNCHER`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from babysit.storage.process_identity import identity_of, is_alive, send_signal

from ...child_process import child_environment
from ...remote.leases import Lease, Leases
from ...remote.template import CommandTemplate, last_words, told
from ...settings import Settings

OUTPUT_BYTES_READ = 8_192


class CommandLauncher:
    """Each worker is a command on this machine, which stays as long as its worker does."""

    kind = "command"

    def __init__(self, settings: Settings, leases: Leases) -> None:
        self._settings, self._leases = settings, leases
        self._template = CommandTemplate(settings.launcher) if settings.launcher else None

    def find(self, lease: Lease) -> CommandHandle:
        return CommandHandle(lease, self._output_of(lease))

    def start(self, lease: Lease, token: str) -> CommandHandle:
        """Start the command; it gets the token by its standard input and its environment."""
        assert self._template is not None
        url = self._settings.url_of_workers
        line, variables = told(url, lease.run_id, lease.attempt, token)
        arguments = self._template.arguments(
            run=lease.run_id, attempt=lease.attempt, url=url, python=sys.executable
        )
        output = self._output_of(lease)
        process = _start(arguments, output, line, child_environment() | variables)
        self._leases.note_process(lease, identity_of(process.pid))
        return CommandHandle(lease, output, process)

    def _output_of(self, lease: Lease) -> Path:
        directory = self._settings.runs_dir / str(lease.run_id)
        return directory / f"launch-{lease.attempt:04d}.log"


@dataclass(slots=True)
class CommandHandle:
    """output: what the command prints. process: of this server, None of an earlier one."""

    lease: Lease
    output: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def was_started(self) -> bool:
        return self.lease.process is not None

    def is_running(self) -> bool:
        if self.process is not None:
            self.process.poll()  # reaps it
        return self.lease.process is not None and is_alive(self.lease.process)

    def has_failed(self) -> bool:
        return self.process is not None and self.process.returncode not in (None, 0)

    def why(self) -> str:
        code = None if self.process is None else self.process.returncode
        how = "ended" if code is None else f"exited with code {code}"
        words = last_words(_end_of(self.output), self.lease.token_sha256)
        said = f": {words}" if words else "."
        return f"The command that starts workers {how} without a worker{said}"

    def send_signal(self, number: signal.Signals) -> bool:
        process = self.lease.process
        if process is None or not is_alive(process):
            return False
        try:
            os.killpg(process.pid, number)  # it leads a session of its own
        except OSError:
            return send_signal(process, number)
        return True

    def end(self) -> None:
        self.send_signal(signal.SIGTERM)


def _start(
    arguments: list[str], output: Path, line: bytes, environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    """A command in a session of its own, with one line on its standard input."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    try:
        os.write(writing, line)  # an empty pipe has room for it
        log = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            return subprocess.Popen(
                arguments,
                stdin=reading,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        finally:
            os.close(log)
    finally:
        os.close(reading)
        os.close(writing)


def _end_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - OUTPUT_BYTES_READ))
            return file.read()
    except OSError:
        return b""

"""Starts each worker by the command of the setting `BABYSIT_LAUNCHER`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from babysit.storage.process_identity import identity_of

from ...child_process import child_environment
from ...remote.leases import Leases
from ...remote.template import CommandTemplate, told
from ...settings import Settings
from ..process import script_of
from .worker import RemoteWorker, new_worker, output_path


class RemoteStarter:
    """The launcher's way to machines that are not this one."""

    def __init__(self, settings: Settings, leases: Leases) -> None:
        self._settings = settings
        self._leases = leases
        self._template = CommandTemplate(settings.launcher) if settings.launcher else None

    def takes(self, directory: Path) -> bool:
        """Whether a run is started by the command: one of a task. A script's files are here."""
        return self._template is not None and script_of(directory) is None

    def known(self, run_id: int, attempt: int) -> RemoteWorker | None:
        """The worker of an attempt that was started elsewhere, also by an earlier server."""
        lease = self._leases.find(run_id, attempt)
        if lease is None:
            return None
        return new_worker(lease, self._leases, self._settings.lost_after_s)

    def start(self, run_id: int, attempt: int) -> RemoteWorker:
        """Start the command; it gets the token by its standard input and its environment.

        Raises:
            OSError: the command cannot be started, or the disk is full.
        """
        assert self._template is not None
        url = self._settings.url_of_workers
        token = self._leases.issue(run_id, attempt)
        line, variables = told(url, run_id, attempt, token)
        arguments = self._template.arguments(
            run=run_id, attempt=attempt, url=url, python=sys.executable
        )
        lease = self._leases.find(run_id, attempt)
        assert lease is not None
        output = output_path(self._settings.runs_dir / str(run_id), attempt)
        try:
            process = _start(arguments, output, line, child_environment() | variables)
        except BaseException:
            self._leases.end(lease)
            raise
        self._leases.note_process(lease, identity_of(process.pid))
        worker = new_worker(lease, self._leases, self._settings.lost_after_s)
        worker.cold, worker.is_ours = process, True
        return worker


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

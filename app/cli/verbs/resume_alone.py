"""`babysit resume` without a server: continues a script whose process is gone, in this terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babysit.client import BabysitError, NoServer, Refused
from babysit.protocol.commands import Resume
from babysit.protocol.events import CommandSent, StatusChanged
from babysit.protocol.serialization import to_json
from babysit.protocol.spec.run_spec import RunSpec
from babysit.protocol.status import RunStatus
from babysit.storage.file_lock import AlreadyLocked, is_run_locked, lock_file
from babysit.storage.journal import Frame, JournalReader, JournalWriter, Points
from babysit.storage.server_file import SERVER_LOCK

from ...store.journals.spec_file import RUN_FILE, numbered_directories
from .run_script import LOOK_EVERY_S, SIGNALLED, copy_log

SERVER_JOURNAL = "server.journal"


@dataclass(slots=True)
class Left:
    """What the journals of a run say of its last process."""

    attempt: int = 1
    step: int = 0
    command_id: int = 0
    status: RunStatus = RunStatus.QUEUED


def resume_alone(data_dir: Path, named: str) -> int:
    """Continue a run, and copy its output until it is over. Returns: the exit code of the script.

    named: the id of the run, or its name.

    Raises:
        Refused: it cannot be continued; nothing has changed.
        NoServer: there is no such run, or it is of a task.
        BabysitError: its directory cannot be written.
    """
    try:
        directory, spec = _found(data_dir, named)
        attempt = _next_attempt(data_dir, directory, spec)
    except OSError as error:
        raise BabysitError(f"{data_dir} cannot be used: {error.strerror}.") from error
    log = directory / "worker.log"
    offset = log.stat().st_size if log.exists() else 0
    process = _started(directory, spec, attempt)
    sys.stderr.write(f"babysit: run {spec.id} goes on, without a server\n")
    while True:
        try:
            code = process.wait(LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            offset = copy_log(log, offset)
        except KeyboardInterrupt:  # the process is of a session of its own
            process.send_signal(signal.SIGTERM)
        else:
            copy_log(log, offset)
            return code if code >= 0 else SIGNALLED - code


def _found(data_dir: Path, named: str) -> tuple[Path, RunSpec]:
    """The directory of a run, by its id or else by its name."""
    found = []
    for directory in numbered_directories(data_dir / "runs"):
        spec = RUN_FILE.read(directory)
        if not isinstance(spec, str) and named in (str(spec.id), spec.name):
            found.append((directory, spec))
    exact = [item for item in found if str(item[1].id) == named] or found
    if len(exact) != 1:
        if exact:
            raise BabysitError(f"{len(exact)} runs have this name. Give the id of one.")
        raise NoServer(f"No server works on {data_dir}, and no run there has this id or name.")
    return exact[0]


def _next_attempt(data_dir: Path, directory: Path, spec: RunSpec) -> int:
    """Say in the run's journal that a further process takes it up. Returns: its number.

    The lock of the server is held meanwhile: only one process writes this journal.
    """
    if spec.script is None:
        raise NoServer(
            f"No server works on {data_dir}, and this run is of a task, whose workers only a "
            "server starts. Start one with `babysit serve`."
        )
    try:
        lock = lock_file(data_dir / SERVER_LOCK)
    except AlreadyLocked as error:
        raise BabysitError("A server has begun to work on the directory: try again.") from error
    try:
        if is_run_locked(directory):
            raise _refused("its process is still there")
        left = _left(directory)
        if left.status.is_over and left.status is not RunStatus.LOST:
            raise _refused(f"it is {left.status.value}; only one whose process is gone goes on")
        events: list[Any] = []
        if left.status is not RunStatus.LOST:
            reason = "the process is gone"
            events.append(StatusChanged(step=left.step, status=RunStatus.LOST, reason=reason))
        events.append(StatusChanged(step=left.step, status=RunStatus.QUEUED))
        starting = StatusChanged(
            step=left.step, status=RunStatus.STARTING, starts_attempt=left.attempt + 1
        )
        events.append(starting)
        if left.status is RunStatus.PAUSED:  # it would wait again, and nobody could resume it
            sent = CommandSent(
                step=left.step, command_id=left.command_id + 1, command=to_json(Resume())
            )
            events.append(sent)
        journal = JournalWriter(directory / SERVER_JOURNAL)
        for event in events:
            journal.append_event(to_json(event))
        journal.sync()
        journal.close()
        return left.attempt + 1
    finally:
        os.close(lock)


def _refused(why: str) -> Refused:
    return Refused({"error": "not_allowed_now", "message": f"The run cannot be continued: {why}."})


def _left(directory: Path) -> Left:
    server = _read(directory / SERVER_JOURNAL, Left())
    newest = max(directory.glob("attempt-*.journal"), default=None)
    number = 1 if newest is None else int(newest.stem.partition("-")[2])
    left = _read(newest, Left(attempt=number)) if newest is not None else Left()
    # What a process said of its end counts before what a server took it for.
    status = server.status if server.status.is_over and not left.status.is_over else left.status
    return Left(
        attempt=max(server.attempt, left.attempt),
        step=max(server.step, left.step),
        command_id=server.command_id,
        status=status,
    )


def _read(path: Path, left: Left) -> Left:
    reader = JournalReader(path)
    while records := reader.read():
        for record in records:
            if isinstance(record, Frame):
                _note(left, record.body)
    return left


def _note(left: Left, body: dict[str, Any] | Points) -> None:
    if isinstance(body, Points):
        left.step = max(left.step, int(body.steps[-1]))
        return
    left.step = max(left.step, int(body["step"]))
    if body["kind"] == "command_sent":
        left.command_id = max(left.command_id, int(body["command_id"]))
    elif body["kind"] == "status_changed":
        left.status = RunStatus(body["status"])
        left.attempt = max(left.attempt, body.get("starts_attempt") or 1)


def _started(directory: Path, spec: RunSpec, attempt: int) -> subprocess.Popen[bytes]:
    """The process, with the interpreter and the modules of the one before."""
    script = spec.script or {}
    python = script.get("python") or sys.executable
    if not Path(python).exists():
        python = sys.executable
    module = "babysit.attached"
    modules = {
        name: value for name, value in script.get("environment", {}).items() if name == "PYTHONPATH"
    }
    command = [python, "-P", "-m", module, str(directory.resolve()), "--attempt", str(attempt)]
    return subprocess.Popen(command, env=os.environ | modules, stdin=subprocess.DEVNULL)

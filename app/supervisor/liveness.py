"""What can be known of a worker from outside: whether it lives, and how it ended."""

from __future__ import annotations

import json
import logging
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from babysit.storage.file_lock import is_run_locked

from ..store.events import newest_of_kind
from ..store.tables.runs import RunRow

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """A process that is not mistaken for another one with the same pid."""

    pid: int
    start_ticks: int  # field 22 of /proc/<pid>/stat; 0 where that is not known
    boot_id: str


def boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:  # not Linux
        return ""


def identity_of(pid: int) -> Identity:
    return Identity(pid, _start_ticks(pid) or 0, boot_id())


def is_alive(identity: Identity) -> bool:
    """Whether this very process still runs; one that ended and waits to be reaped does not."""
    if identity.boot_id != boot_id():
        return False
    if not Path("/proc/self/stat").exists():
        return _answers(identity.pid)
    ticks = _start_ticks(identity.pid)
    return ticks is not None and ticks == identity.start_ticks


def _start_ticks(pid: int) -> int | None:
    """When a living process began, in clock ticks since the boot."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def send_signal(identity: Identity, number: signal.Signals) -> bool:
    """Signal this very process, never another one that came to have its pid; False: it is gone."""
    try:
        handle = os.pidfd_open(identity.pid)
    except (OSError, AttributeError):  # gone; or not Linux, where nothing is certain enough
        return False
    try:
        if not is_alive(identity):
            return False
        signal.pidfd_send_signal(handle, number)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def may_be_locked(run_directory: Path) -> bool:
    """Whether a living worker holds the run; True, too, where that is not known just now.

    Two workers on one run are worse than a second of waiting.
    """
    try:
        return is_run_locked(run_directory)
    except OSError as error:
        log.warning("whether a worker holds run %s is not known: %s", run_directory.name, error)
        return True


def describe_exit(run_directory: Path, attempt: int) -> str:
    """A sentence on a worker that left no word, from the exit status if the fork server saw it."""
    try:
        ended = json.loads((run_directory / f"exit-{attempt:04d}.json").read_text())
        number, status = ended["signal"], int(ended["status"])
        peak_gb = int(ended.get("peak_bytes", 0)) / 1e9
    except (OSError, ValueError, KeyError, TypeError):
        return "The worker is gone without a word."
    if number is not None:
        try:
            name = signal.Signals(int(number)).name
        except (ValueError, TypeError):
            name = "unknown"
        why = f", most likely because memory ran out (it held up to {peak_gb:.1f} GB)"
        return (
            f"The worker was killed by signal {number} ({name}){why if ended.get('oom') else ''}."
        )
    if status == os.EX_IOERR:
        return "The worker could not write its journal any more (exit code 74)."
    if status == 0:
        return "The worker ended early, without saying why (exit code 0)."
    return f"The worker ended with exit code {status}, without saying why."


def has_exit_record(run_directory: Path, attempt: int) -> bool:
    return (run_directory / f"exit-{attempt:04d}.json").exists()


def identity_said(session: Session, run: RunRow) -> Identity | None:
    """Who took up the newest attempt, by its own word."""
    for event in newest_of_kind(session, run.id, "worker_started"):
        if event.attempt == run.attempt:
            body = event.body
            return Identity(int(body["pid"]), int(body["start_ticks"]), str(body["boot_id"]))
    return None

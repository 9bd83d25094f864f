"""Whether a worker process is alive, and how it ended."""

from __future__ import annotations

import json
import logging
import os
import signal
from pathlib import Path

from sqlalchemy.orm import Session

from babysit.storage.file_lock import is_run_locked
from babysit.storage.process_identity import ProcessIdentity
from babysit.storage.safe_text import storable

from ..store.events import newest_of_kind
from ..store.tables.runs import RunRow

log = logging.getLogger(__name__)


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
    """How a worker exited that did not report it, by its exit status if that is known."""
    try:
        ended = json.loads((run_directory / f"exit-{attempt:04d}.json").read_text())
        number, status = ended["signal"], int(ended["status"])
        peak_gb = int(ended.get("peak_bytes", 0)) / 1e9
        why = ended.get("why")  # of a worker on another machine
        if isinstance(why, str) and why:
            return storable(why)
    except (OSError, ValueError, KeyError, TypeError):
        return "The worker exited without reporting a reason."
    if number is not None:
        try:
            name = signal.Signals(int(number)).name
        except (ValueError, TypeError):
            name = "unknown"
        why = f", most likely because memory ran out (it used up to {peak_gb:.1f} GB)"
        return (
            f"The worker was killed by signal {number} ({name}){why if ended.get('oom') else ''}."
        )
    if status == os.EX_IOERR:
        return "The worker could not write its journal (exit code 74)."
    if status == 0:
        return "The worker exited early without reporting a reason (exit code 0)."
    return f"The worker exited with code {status} without reporting a reason."


def was_preempted(run_directory: Path, attempt: int) -> bool:
    """Whether the worker of an attempt has left the run to the next one, with all of its state."""
    try:
        ended = json.loads((run_directory / f"exit-{attempt:04d}.json").read_text())
        return ended.get("preempted") is True
    except (OSError, ValueError, AttributeError):
        return False


def has_exit_record(run_directory: Path, attempt: int) -> bool:
    return (run_directory / f"exit-{attempt:04d}.json").exists()


def identity_said(session: Session, run: RunRow) -> ProcessIdentity | None:
    """Who took up the newest attempt, by its own word."""
    for event in newest_of_kind(session, run.id, "worker_started"):
        if event.attempt == run.attempt:
            body = event.body
            return ProcessIdentity(int(body["pid"]), int(body["start_ticks"]), str(body["boot_id"]))
    return None

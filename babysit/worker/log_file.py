"""Where a task's output goes: a file of limited size, never a pipe."""

from __future__ import annotations

import os
import sys
from pathlib import Path

LOG_BYTES_MAX = 50 * 1024 * 1024  # what a task prints beyond is dropped, and said so


def open_log(path: Path) -> None:
    """Send what the task prints to a file: a pipe would block it, or kill it with its reader."""
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(nothing)
    os.close(log)
    sys.stdout = open(1, "w", buffering=1, closefd=False, errors="backslashreplace")  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False, errors="backslashreplace")  # noqa: SIM115


def cap_log(path: Path, bytes_max: int = LOG_BYTES_MAX) -> None:
    """Empty a log that has grown too large; it is open for appending, so it goes on from there."""
    try:
        size = path.stat().st_size
        if size > bytes_max:
            os.truncate(path, 0)
            with path.open("a") as log:
                log.write(f"[{size:,} bytes of output dropped: the limit is {bytes_max:,}]\n")
    except OSError:  # a log is a convenience
        return

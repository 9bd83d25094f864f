"""Distinguishes a process from a later one with the same pid, even after a reboot."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """Identifies a process also when its pid is used again."""

    pid: int
    start_ticks: int  # field 22 of /proc/<pid>/stat; 0 if it is not known
    boot_id: str


def identity_of(pid: int) -> ProcessIdentity:
    """The identity of the process that has this pid now."""
    return ProcessIdentity(pid, _start_ticks(pid) or 0, _boot_id())


def is_alive(identity: ProcessIdentity) -> bool:
    """Whether the process still runs. A process that has ended and was not reaped does not."""
    if identity.boot_id != _boot_id():
        return False
    if not Path("/proc/self/stat").exists():
        return _has_process(identity.pid)
    ticks = _start_ticks(identity.pid)
    return ticks is not None and ticks == identity.start_ticks


def send_signal(identity: ProcessIdentity, number: signal.Signals) -> bool:
    """Signal this process, never another one with the same pid. False: it has ended."""
    try:
        handle = os.pidfd_open(identity.pid)
    except (OSError, AttributeError):  # it has ended, or this is not Linux
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


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:  # not Linux
        return ""


def _start_ticks(pid: int) -> int | None:
    """The start of a running process, in clock ticks since the boot."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name before it may contain spaces
    return None if fields[0] in "ZX" else int(fields[19])


def _has_process(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

"""Tells a process from another one that got the same pid later, even after a reboot."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process that is not mistaken for another one with the same pid."""

    pid: int
    start_ticks: int  # field 22 of /proc/<pid>/stat; 0 where that is not known
    boot_id: str


def identity_of(pid: int) -> ProcessIdentity:
    """The identity of the process that has this pid now."""
    return ProcessIdentity(pid, _start_ticks(pid) or 0, _boot_id())


def is_alive(identity: ProcessIdentity) -> bool:
    """Whether this very process still runs; one that ended and waits to be reaped does not."""
    if identity.boot_id != _boot_id():
        return False
    if not Path("/proc/self/stat").exists():
        return _has_process(identity.pid)
    ticks = _start_ticks(identity.pid)
    return ticks is not None and ticks == identity.start_ticks


def send_signal(identity: ProcessIdentity, number: signal.Signals) -> bool:
    """Signal this very process, never another one with the same pid; False: it has ended."""
    try:
        handle = os.pidfd_open(identity.pid)
    except (OSError, AttributeError):  # ended; or not Linux, where nothing is certain enough
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
    """When a living process began, in clock ticks since the boot."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name in front may hold spaces
    return None if fields[0] in "ZX" else int(fields[19])


def _has_process(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

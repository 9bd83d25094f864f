"""What a machine has: of the server's own, and as workers elsewhere say it."""

from __future__ import annotations

import contextlib
import os
import platform
import socket
import subprocess
from dataclasses import dataclass, field

from babysit import __version__

UNKNOWN = 0  # of a number that the system does not tell
GPUS_SAID_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Machine:
    """cpus: that this process may use. memory_bytes: of the whole machine; 0: not known.
    gpus: their names.
    """

    name: str
    cpus: int
    memory_bytes: int = UNKNOWN
    gpus: list[str] = field(default_factory=list)
    babysit_version: str = ""
    python: str = ""


def machine_name() -> str:
    """The host name of the machine that this process runs on."""
    return socket.gethostname() or "unknown"


def this_machine() -> Machine:
    """The one that this process runs on. Asking for its GPUs may take a second."""
    return Machine(
        name=machine_name(),
        cpus=_usable_cpus(),
        memory_bytes=_memory_bytes(),
        gpus=_gpu_names(),
        babysit_version=__version__,
        python=platform.python_version(),
    )


def _usable_cpus() -> int:
    with contextlib.suppress(AttributeError):  # not Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return UNKNOWN


def _gpu_names() -> list[str]:
    """The NVIDIA GPUs, by the driver's own tool; none where there is no such tool."""
    try:
        listed = subprocess.run(
            ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=GPUS_SAID_WITHIN_S,
            check=True,
            text=True,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in listed.stdout.splitlines() if line.strip()]

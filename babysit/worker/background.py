"""Work beside the loop that leaves the processors to it."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

NICE = 10


def step_back() -> None:
    """Lower the priority of this thread, for good: a thread cannot raise it again."""
    if sys.platform == "linux":  # elsewhere all threads of a process have one priority
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)

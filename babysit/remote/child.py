"""The worker's process beside its companion: it ends when its companion does, however that ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # of prctl(2)


def end_with_companion() -> None:
    """Nothing that the worker writes after that would ever be read (Linux only)."""
    companion = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != companion:
        sys.exit(os.EX_TEMPFAIL)


if __name__ == "__main__":
    end_with_companion()
    os.environ.pop("BABYSIT_STORAGE", None)  # the server has fetched what is needed
    from babysit.attached.__main__ import work
    from babysit.worker.__main__ import main

    main(work)

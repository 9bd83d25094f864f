"""The worker's process beside its companion: it ends when its companion does, however that ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PREEMPTIBLE = "--preemptible"  # SIGTERM comes from a scheduler, which sends it to all processes
PR_SET_PDEATHSIG = 1  # of prctl(2)


def end_with_companion() -> None:
    """Nothing that the worker writes after that would ever be read (Linux only)."""
    companion = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != companion:
        sys.exit(os.EX_TEMPFAIL)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # until the worker listens to it
    end_with_companion()
    os.environ.pop("BABYSIT_STORAGE", None)  # the server has fetched what is needed
    from babysit.attached.__main__ import work
    from babysit.worker.__main__ import main
    from babysit.worker.session import TerminationHandler

    if PREEMPTIBLE in sys.argv:
        sys.argv.remove(PREEMPTIBLE)
        TerminationHandler.is_preemptible = True
    main(work)

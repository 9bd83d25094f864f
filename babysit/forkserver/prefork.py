"""Forked processes: how their life begins and ends, and one that is forked ahead of need."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from babysit.worker import __main__


def run_child(life: Callable[[], int]) -> NoReturn:
    """The whole life of a forked process: its own session, and no end but here."""
    code = os.EX_SOFTWARE
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        code = life()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    os._exit(code)  # no atexit handlers or buffers of the parent's


class PreforkedWorker:
    """A process that waits to become a worker; without its parent it ends.

    A fork takes about 20 ms once torch is loaded; a queue of short runs would wait for each.
    """

    def __init__(self) -> None:
        """Fork; in the child this does not return."""
        reading, self._writing = os.pipe2(os.O_CLOEXEC)
        self.pid = os.fork()
        if self.pid == 0:
            self.release()
            run_child(lambda: wait_for_assignment(reading))
        os.close(reading)

    def assign(self, run_directory: str, attempt: int, *, may_retry: bool) -> bool:
        """Make it the worker of an attempt; False: it has died, another one is needed."""
        request = {"run_directory": run_directory, "attempt": attempt, "may_retry": may_retry}
        try:
            os.write(self._writing, json.dumps(request).encode() + b"\n")  # an empty pipe has room
        except BrokenPipeError:
            return False
        finally:
            self.release()
        return True

    def release(self) -> None:
        """Close this end: without a request the process ends. Other forks must do it, too: as long
        as one of them holds this end, the process cannot hear that its parent is gone.
        """
        if self._writing >= 0:
            os.close(self._writing)
            self._writing = -1


def wait_for_assignment(reading: int) -> int:
    """Be a spare process, and then the worker of a run; its exit status."""
    spec = b""
    while not spec.endswith(b"\n"):
        data = os.read(reading, 65536)
        if not data:
            return 0
        spec += data
    os.close(reading)
    request = json.loads(spec)
    directory = Path(request["run_directory"])
    return __main__.work(directory, request["attempt"], may_retry=request["may_retry"])

"""Forked processes: their start and their end, and a process that is forked in advance."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from babysit.attached.__main__ import work
from babysit.forkserver.proof import prove
from babysit.forkserver.warm_up import touch_pages


def run_child(life: Callable[[], int]) -> NoReturn:
    """Run a function in a forked process, in a session of its own, and end the process."""
    code = os.EX_SOFTWARE
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        code = life()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    os._exit(code)  # without the exit handlers and buffers of the parent


class PreforkedWorker:
    """A process that waits for a run to work on. It ends when its parent ends.

    A fork takes about 20 ms when torch is loaded, and a queue of short runs would wait for each.
    """

    def __init__(self) -> None:
        """Fork. In the child this does not return."""
        reading, self._writing = os.pipe2(os.O_CLOEXEC)
        self.pid = os.fork()
        if self.pid == 0:
            self.release()
            run_child(lambda: wait_for_assignment(reading))
        os.close(reading)

    def assign(self, request: dict[str, Any]) -> bool:
        """Make it the worker of an attempt. False: it has died, so another one is needed.

        request: `run_directory`, `attempt`, `may_retry`, and `proves` for one that only repeats.
        """
        try:
            os.write(
                self._writing, json.dumps(request).encode() + b"\n"
            )  # an empty pipe has room for it
        except BrokenPipeError:
            return False
        finally:
            self.release()
        return True

    def release(self) -> None:
        """Close this end of the pipe; a process without a request ends.

        Other forks must close it, too. As long as one of them has it open, the process does not
        notice the end of its parent.
        """
        if self._writing >= 0:
            os.close(self._writing)
            self._writing = -1


def wait_for_assignment(reading: int) -> int:
    """Wait for a request, then work on its run; returns the exit status."""
    if not select.select([reading], [], [], 0)[0]:
        touch_pages()
    spec = b""
    while not spec.endswith(b"\n"):
        data = os.read(reading, 65536)
        if not data:
            return 0
        spec += data
    os.close(reading)
    request = json.loads(spec)
    directory = Path(request["run_directory"])
    if request.get("proves"):
        return prove(directory, request["attempt"])
    return work(directory, request["attempt"], may_retry=request.get("may_retry", False))

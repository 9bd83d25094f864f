"""What a Slurm job runs: one attempt, and once it was preempted and requeued the next one."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

from babysit.protocol.machine import this_machine
from babysit.remote.companion import Companion
from babysit.remote.connection import Connection
from babysit.remote.run_storage import RemoteRunStorage
from babysit.remote.scratch import Scratch
from babysit.slurm.job_folder import JobFolder

ACCESS_WITHIN_S = 600.0  # a requeued job waits so long for the next attempt
LOOK_EVERY_S = 0.2


def preemption_signal() -> signal.Signals:
    """What submitit lets Slurm send before it takes a machine away."""
    return signal.Signals[f"SIG{os.environ.get('SUBMITIT_PREEMPT_SIGNAL', 'USR2')}"]


class WorkerJob:
    """Called by submitit in the job; it travels as a pickle, so it holds no token."""

    def __init__(
        self, folder: JobFolder, scratch: Path | None, *, may_be_plain: bool = False
    ) -> None:
        self._folder, self._scratch, self._may_be_plain = folder, scratch, may_be_plain

    def __call__(self) -> int:
        """Returns: the exit code of the attempt's companion."""
        requeue: Any = signal.getsignal(preemption_signal())  # submitit's
        signals = _Signals()
        access = self._wait_for_access()
        if access is None:
            return os.EX_NOINPUT
        if self._scratch is not None:
            self._scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="babysit-", dir=self._scratch) as scratch:
            connection = Connection(access, may_be_plain=self._may_be_plain)
            machine = {**asdict(this_machine()), "scheduler": "slurm"}
            companion = Companion(
                RemoteRunStorage(connection, machine),
                Scratch(Path(scratch), access.run),
                access.attempt,
                on_preempted=lambda: signals.leave(self._folder, access.attempt),
            )
            signals.companion = companion
            code = companion.work()
            signals.companion = None
        if signals.has_left:
            # Not in the signal's handler: submitit's own would be called there, in mid-step.
            requeue(int(preemption_signal()), None)
        return code

    def checkpoint(self) -> Any:
        """What a requeued job does: the same, as the state of the run is with the server."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)

    def _wait_for_access(self) -> Any:
        deadline_s = time.monotonic() + ACCESS_WITHIN_S
        while (access := self._folder.take_access()) is None:
            if not self._folder.is_waited_in:
                return self._folder.take_access()  # both change at once
            if time.monotonic() > deadline_s:
                self._folder.forget_job()
                return None
            time.sleep(LOOK_EVERY_S)  # another machine writes the file: no event tells of it
        return access


class _Signals:
    """Slurm sends signals to all processes of a job; here they are only noted and passed on.

    companion: of the attempt in progress. has_left: the worker has left its run to the next one.
    """

    def __init__(self) -> None:
        self.companion: Companion | None = None
        self.has_left = False
        self._is_requeued = False
        signal.signal(preemption_signal(), self._note_preemption)
        signal.signal(signal.SIGTERM, self._note)

    def leave(self, folder: JobFolder, attempt: int) -> None:
        """The worker has saved everything; say so before the server begins the next attempt."""
        if not self._is_requeued:
            return  # Slurm itself requeues a job after SIGTERM, or it was cancelled
        import submitit

        self.has_left = True
        folder.leave(submitit.JobEnvironment().job_id, attempt)

    def _note_preemption(self, number: int, frame: FrameType | None) -> None:
        self._is_requeued = True
        self._note(number, frame)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.companion is not None:
            self.companion.preempt()

"""A process that repeats recorded steps of a run from a checkpoint, as a recovery does, and ends.

It works in a directory of its own that holds the run's specification, the checkpoint, and a journal
with what was recorded after it. Nothing of it is kept but the event `exactness` in its own journal.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from pathlib import Path

import torch

from babysit.protocol.events import Event, Recovered, StatusChanged
from babysit.protocol.heartbeat import Heartbeat
from babysit.protocol.spec.run_spec import RunSpec
from babysit.protocol.status import RunStatus
from babysit.resume.history import RecoveryCheck, read_history
from babysit.storage.file_lock import lock_run
from babysit.training.data import end_with_parent
from babysit.worker.__main__ import prepare
from babysit.worker.checkpoint_writer import Saved, Saver
from babysit.worker.log_file import open_log
from babysit.worker.loop import train
from babysit.worker.recorder import STEP_SERIES, Recorder
from babysit.worker.session import TrainingSession

NICENESS = 19
STEPS_WITHIN_S = 60.0  # then the steps made by then are what was proved
ENDS_AFTER_S = 120  # whatever it does
OOM_SCORE = "1000"  # if memory runs out, this process is the first to go


class ProofCheck(RecoveryCheck):
    """As of a recovery; it is over early at a difference, or when it has taken too long."""

    ends_at_s = 0.0  # monotonic

    def is_over(self, step: int) -> bool:
        is_late = time.monotonic() >= self.ends_at_s
        return self.first is not None or is_late or super().is_over(step)


class ComparingRecorder(Recorder):
    """Compares, too, what is not recorded at every step."""

    comparison: RecoveryCheck | None = None

    def values(self, step: int, values: dict[str, float]) -> None:
        super().values(step, values)
        if self.comparison is not None:
            self.comparison.compare_logged(step, values)


class NoSaver(Saver):
    """Saves nothing: every state counts as saved."""

    def current(self, step: int, version: int) -> Saved | None:
        return Saved(0, step, version, "timer", "", None)

    def is_timer_due(self, *, evaluated: bool) -> bool:
        return False


class ProofSession(TrainingSession):
    """Ends where a recovery would go on."""

    def compare(self, step: int, values: tuple[float, float, float]) -> None:
        super().compare(step, values)
        if self.recovery_check is not None:
            self.recovery_check.compare_logged(step, dict(zip(STEP_SERIES, values, strict=True)))

    def emit(self, event: Event) -> None:
        super().emit(event)
        if isinstance(event, Recovered):
            self.ending = StatusChanged(step=event.step, status=RunStatus.STOPPED)


def prove(directory: Path, attempt: int) -> int:
    """Repeat what the attempts before this one recorded. Returns: the exit code.

    Nothing is said if this process computes in another way than the run did.
    """
    give_way()
    lock = lock_run(directory)
    open_log(directory / "worker.log")
    torch.set_num_threads(int(os.environ.get("BABYSIT_THREADS") or 1))
    spec = RunSpec(**json.loads((directory / "run.json").read_text()))
    history = read_history(directory, attempt, logged=True)
    training = prepare(spec, directory, history)
    if training.differs or not history.checkpoints:
        return os.EX_DATAERR
    recorder = ComparingRecorder(directory, attempt)
    saver = NoSaver(spec.id, directory / "checkpoints", recorder, history, spec.ranking)
    heartbeat = Heartbeat(directory, attempt)
    session = ProofSession(spec, directory, training, recorder, saver, heartbeat, history=history)
    check = ProofCheck(training.step, history)
    check.ends_at_s = time.monotonic() + STEPS_WITHIN_S
    session.recovery_check = recorder.comparison = check
    train(session)
    recorder.close()
    os.close(lock)
    return os.EX_OK


def give_way() -> None:
    """Leave processor, memory and time to everything else, and end with the fork server."""
    end_with_parent()
    signal.alarm(ENDS_AFTER_S)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server
    os.nice(NICENESS)
    with contextlib.suppress(OSError):  # not Linux
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE)

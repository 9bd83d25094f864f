"""How a script ends: noticed, recorded, and left as it is."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from types import FrameType, TracebackType

from babysit.attached.recording import Recording
from babysit.attached.say import say
from babysit.protocol.events import StatusChanged
from babysit.protocol.status import RunStatus
from babysit.training.user_code.failure import reason_of, traceback_of


def watch_end(recording: Recording) -> None:
    """Notice how the script ends, and leave its end as it is."""
    failure: list[BaseException] = []
    original = sys.excepthook

    def note(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        failure.append(error)
        original(kind, error, trace)

    def end() -> None:
        end_of_script(recording, failure[0] if failure else None)

    sys.excepthook = note
    atexit.register(end)
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        _stop_at_sigterm(recording)


def _stop_at_sigterm(recording: Recording) -> None:
    """SIGTERM ends the loops after this turn, with a checkpoint; a second one ends at once."""

    def note(number: int, frame: FrameType | None) -> None:
        session = recording.session
        if session is None or session.ending is not None:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        step, stopped = session.training.step, RunStatus.STOPPED
        session.ending = StatusChanged(step=step, status=stopped, reason="terminated")

    try:
        signal.signal(signal.SIGTERM, note)
    except ValueError:  # not the main thread
        return


def end_of_script(recording: Recording, error: BaseException | None) -> None:
    """Say how the script ended."""
    try:
        if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
            recording.end(RunStatus.FINISHED, None)
        elif isinstance(error, KeyboardInterrupt):
            recording.end(RunStatus.STOPPED, "interrupted")
        elif isinstance(error, SystemExit):
            recording.end(RunStatus.FAILED, f"exit code {error.code}"[:500])
        else:
            recording.end(RunStatus.FAILED, reason_of(error), traceback_of(error))
    except Exception as failure:
        say(f"the end could not be recorded: {failure!r}")

"""How a script ends: noticed, recorded, and left as it is."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing import util
from types import FrameType
from typing import Any

from babysit.attached.recording import Recording
from babysit.attached.safety import CannotContinue
from babysit.attached.say import say
from babysit.protocol.events import StatusChanged
from babysit.protocol.status import RunStatus
from babysit.training.user_code.failure import reason_of, traceback_of

FINALIZE_FIRST = 100  # before the finalizers of multiprocessing's own


class EndWatch:
    """Notes what may have ended the script; which it was shows when it ends."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._failure: BaseException | None = None
        self._exit_at: tuple[int, SystemExit] | None = None  # the turn in which it was asked for

    def install(self) -> None:
        self._wrap_hook(sys, "excepthook", lambda *given: given[1])
        self._wrap_hook(threading, "excepthook", self._of_training_thread)
        self._watch_exit()
        if multiprocessing.parent_process() is None:
            atexit.register(self.end)
        else:  # which leaves by os._exit, without the functions of atexit
            util.Finalize(None, self.end, exitpriority=FINALIZE_FIRST)

    def _wrap_hook(self, module: Any, name: str, error_of: Callable[..., Any]) -> None:
        original = getattr(module, name)

        def note(*given: Any) -> None:
            error = error_of(*given)
            if isinstance(error, BaseException):
                self._failure = error
            original(*given)

        setattr(module, name, note)

    def _of_training_thread(self, given: Any) -> BaseException | None:
        is_own = given.thread is not None and given.thread.ident == self._recording.thread
        return given.exc_value if is_own else None

    def _watch_exit(self) -> None:
        """Note the code of `sys.exit`: no hook hears of it."""
        original = sys.exit

        def leave(code: Any = None, /) -> None:
            self._exit_at = self._recording.activity, SystemExit(code)
            original(code)

        sys.exit = leave  # type: ignore[assignment]

    def end(self) -> None:
        """At the end of the process."""
        error = self._failure or getattr(sys, "last_value", None) or sys.exc_info()[1]
        if error is None and self._exit_at is not None:
            activity, asked = self._exit_at
            if activity == self._recording.activity:  # else the script has caught it
                error = asked
        end_of_script(self._recording, error)


def watch_end(recording: Recording) -> None:
    """Notice how the script ends, and leave its end as it is."""
    EndWatch(recording).install()
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
        session.recorder.inbox.ring()

    try:
        signal.signal(signal.SIGTERM, note)
    except ValueError:  # not the main thread
        return
    _leave_to_children(note)


def _leave_to_children(note: Callable[..., None]) -> None:
    """Let SIGTERM end processes that the script forks. Python drops a signal with a handler of its
    own that comes in the middle of a fork, so it is blocked meanwhile.
    """
    mask = threading.local()

    def block() -> None:
        if signal.getsignal(signal.SIGTERM) is note:
            mask.before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def unblock() -> None:
        before = vars(mask).pop("before", None)
        if before is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def reset() -> None:
        if signal.getsignal(signal.SIGTERM) is note:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        unblock()

    os.register_at_fork(before=block, after_in_parent=unblock, after_in_child=reset)


def end_of_script(recording: Recording, error: BaseException | None) -> None:
    """Say how the script ended."""
    try:
        if isinstance(error, CannotContinue):
            return  # it was said
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

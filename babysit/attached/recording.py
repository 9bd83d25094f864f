"""Between a script's loops and its session: nothing that fails here may reach the script."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from babysit.attached import restoring
from babysit.attached.checks.declaring import note_length
from babysit.attached.checks.frames import left_by_break, script_frame
from babysit.attached.checks.observing import LOOK_AT_TURNS, is_new_loop, look, look_for_carried
from babysit.attached.loops import Loops
from babysit.attached.safety import never_raises
from babysit.attached.say import say
from babysit.attached.series.logged import LoggedValues
from babysit.attached.series.numbers import named_values
from babysit.attached.session import Evaluation, ScriptSession
from babysit.attached.state.streams import Source
from babysit.attached.state.training import ScriptTraining
from babysit.protocol.status import RunStatus
from babysit.training.checkpoint import Snapshot


class Recording(Loops):
    """What the loops of a script report to; without a session they are plain loops.

    from_checkpoint: the state that the first boundary puts back; None in a new run.
    """

    def __init__(
        self,
        training: ScriptTraining,
        session: ScriptSession | None,
        from_checkpoint: Snapshot | None = None,
        *,
        is_fork: bool = False,
    ) -> None:
        self.training = training
        self.session = session
        self.seed = training.seed
        self.is_new, self.is_ending = from_checkpoint is None, False
        self.is_finished = False  # the script has said so
        self._from_checkpoint, self._is_fork = from_checkpoint, is_fork
        self._logged = LoggedValues(self.warn)
        self._turns = 0  # of this process
        self._passed_over = False  # a stream, up to where the checkpoint was taken
        self._in_turn = self._is_broken = self._is_evaluating = False
        self._inside = 0  # plain loops in this turn
        self._is_first, self._is_looked_at = True, False  # boundary of a loop; the loop
        self.thread = 0  # that trains
        self.activity = 0  # counts what the script has done with its run
        self._owner = os.getpid()
        self._problems: list[str] = []  # found when the state was put back
        self.on_begin: Callable[[], None] = lambda: None

    # -- for the script

    @property
    def step(self) -> int:
        return self.training.step

    @property
    def run_id(self) -> int | None:
        return None if self.session is None else self.session.spec.id

    @never_raises
    def log(self, values: dict[str, Any]) -> None:
        """Take numbers of this turn. Nothing waits for a device here."""
        self.activity += 1
        if self._from_checkpoint is None:  # else it is made of what is not put back yet
            self._logged.add(values)

    def set_evaluation(self, function: Evaluation) -> None:
        def call() -> dict[str, float]:
            before, self._is_evaluating = self._logged.take(), True
            try:
                found = named_values(function(), "val/")
            finally:
                self._is_evaluating = False
                own = self._logged.take()
                self._logged.put_back(before)
            return {**own, **found}

        if self.session is not None:
            self.session.evaluation = call

    @never_raises
    def add_parts(self, parts: dict[str, Any]) -> None:
        for name, value in parts.items():
            self.training.parts.add(name, value)
        self.training.find_optimizers()

    # -- loops

    def is_inside(self) -> bool:
        """Whether a loop that begins now is inside a turn of another: then it is a plain one."""
        self._inside += 1
        if self._is_evaluating:
            return True
        if self._is_broken:  # the script goes on after an exception: the turn is over
            self.end_turn()
        if self._in_turn:
            self.warn("inside", restoring.INSIDE)
        return self._in_turn

    def begin_source(self, source: Source, index: int) -> Iterator[Any]:
        """The batches from `index` on; then the state of the checkpoint is put back, if any."""
        iterator, self._is_first = source.begin(index), True
        self.training.places.now.index = index
        held, self._from_checkpoint = self._from_checkpoint, None
        if held is not None:
            about = self.training, self.session
            self._problems = restoring.put_back(*about, held, source, is_fork=self._is_fork)
        self._passed_over = held is not None and source.is_stream
        self.training.order = source.digest
        if source.problem is not None and self.session is not None:
            self.session.approximate([f"The data: {source.problem}."])
        self.training.places.length = source.length
        if self.session is not None:
            note_length(self.session, source, index)
        return iterator

    def boundary(self, frame: FrameType) -> bool:
        """The point between two turns; False: the loop ends here."""
        session = self.session
        if session is None or os.getpid() != self._owner:
            return not self.is_ending
        if self._turns and self.training.places.is_between_epochs():
            return not self.is_ending
        try:
            if self._logged:
                self.flush()
            if self._turns == 0:
                self._begin(session)
            goes_on = session.boundary()
            if self._is_first:
                self._is_first = False
                self._is_looked_at = is_new_loop(session, script_frame(frame))
            elif self._is_looked_at:
                self._is_looked_at = look_for_carried(session, script_frame(frame))
            if self._turns <= LOOK_AT_TURNS:
                look(session, script_frame(frame), self._turns, is_new=self.is_new)
        except Exception as error:
            self.give_up(error)
            return True
        if not goes_on:
            self.is_ending = True
            self._save_end(session)
        return goes_on

    @never_raises
    def _save_end(self, session: ScriptSession) -> None:
        """Here, not when the script ends: the rest of an epoch's code is run once more by whoever
        continues, and must not have been run in what is continued.
        """
        session.save("end")

    def _begin(self, session: ScriptSession) -> None:
        """At the first boundary: what there is, is complete now."""
        self.thread = threading.get_ident()
        self.training.find_optimizers()
        self.on_begin()
        session.approximate(self._problems)
        if self._passed_over:
            session.approximate([restoring.STREAM], is_known=False)
        session.declare()
        if session.history.attempts == 0:
            session.save("start")

    def begin_turn(self) -> None:
        self._turns += 1
        self._inside, self._in_turn = 0, True
        self.activity += 1

    def end_turn(self, *, moves: bool = True) -> None:
        """A turn is done: count it and record what was logged.

        moves: it is a turn of the loop in progress; else of one that ended without saying so.
        """
        self._in_turn = self._is_broken = False
        if moves:
            self.training.places.now.index += 1
        if self.session is None or os.getpid() != self._owner:
            self.training.step += 1
            return
        self._end_turn(self.session)

    def leave_turn(self, frame: FrameType | None) -> None:
        """The loop was left inside a turn, by a `break` or by an exception. frame: the script's."""
        self._is_broken = True
        if left_by_break(frame):
            self.end_turn()

    @never_raises
    def _end_turn(self, session: ScriptSession) -> None:
        values = self._logged.take()
        if session.cost is None:
            session.cost = next(iter(values), None)
        session.end_turn(values, may_save=not self.training.places.is_between_epochs())

    @never_raises
    def flush(self) -> None:
        """Record what was logged between two loops at the step that was made last; what was logged
        in a turn that an exception has ended belongs to the next one.
        """
        values = self._logged.take()
        if values and self.session is not None:
            self.session.record(self.step + int(self._in_turn), values)

    # -- the end

    @never_raises
    def finish(self) -> None:
        """The training is over."""
        self.is_finished = True
        self.end(RunStatus.FINISHED, None)

    def end(self, status: RunStatus, reason: str | None, text: str | None = None) -> None:
        """Leave the last checkpoint and say how the run ended."""
        session = self.session
        if session is None or os.getpid() != self._owner:
            return
        if self._in_turn and status is RunStatus.FINISHED:
            self.end_turn()
        self.flush()
        if session.ending is not None and status is RunStatus.FINISHED:
            status, reason = session.ending.status, session.ending.reason
        self.session = None
        if self._from_checkpoint is not None:
            if status is RunStatus.FINISHED:
                status, reason = RunStatus.FAILED, restoring.NOT_REACHED
        elif self._in_turn:
            session.save_best()  # the state of now is none that a loop could go on from
        elif self._turns or session.history.attempts:
            session.save("end")
        else:
            self.training.find_optimizers()
            session.declare()
        session.saver.wait()
        session.over(*restoring.outcome(session, status, reason), text)
        session.saver.close()
        session.recorder.close()

    def give_up(self, error: BaseException) -> None:
        """Record nothing more, and let the script go on."""
        session, self.session = self.session, None
        restoring.end_recording(session, self.step, error)

    def warn(self, kind: str, message: str) -> None:
        if self.session is not None and self.session.warn_once(kind, message):
            say(message)

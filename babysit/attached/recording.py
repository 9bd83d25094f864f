"""Between a script's loops and its session: nothing that fails here may reach the script."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, TypeVar

from torch import Tensor

from babysit.attached.numbers import SeriesNames, number
from babysit.attached.observing import LOOK_AT_TURNS, look
from babysit.attached.safety import CannotContinue, never_raises
from babysit.attached.say import say
from babysit.attached.session import Evaluation, ScriptSession
from babysit.attached.state.data_order import Source
from babysit.attached.state.training import ScriptTraining
from babysit.protocol.events import Warned
from babysit.protocol.status import RunStatus
from babysit.training.checkpoint import Snapshot

Result = TypeVar("Result")


class Recording:
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
        self.is_new = from_checkpoint is None
        self.is_ending = False
        self._from_checkpoint, self._is_fork = from_checkpoint, is_fork
        self._pending: dict[str, Any] = {}
        self._names = SeriesNames()
        self._turns = 0  # of this process
        self._epochs: int | None = None
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

    @property
    def epoch(self) -> int:
        return self.training.places.now.epoch

    @property
    def place_of_order(self) -> tuple[int, int, int]:
        place = self.training.places.now
        return place.top, place.epoch, place.inner

    @never_raises
    def log(self, values: dict[str, Any]) -> None:
        """Take numbers of this turn. Nothing waits for a device here."""
        for name, value in values.items():
            series = self._names.series(name, self._warn)
            if series is None:
                continue
            if isinstance(value, Tensor) and value.device.type != "cpu" and value.numel() == 1:
                self._pending[series] = value.detach().clone()  # read at the end of the turn
                continue
            found = number(value)
            if found is None:
                what = type(value).__name__
                self._warn(f"log {name}", f"{name} is a {what}: log takes single numbers.")
            else:
                self._pending[series] = found

    def set_evaluation(self, function: Evaluation) -> None:
        if self.session is not None:
            self.session.evaluation = function

    @never_raises
    def add_parts(self, parts: dict[str, Any]) -> None:
        for name, value in parts.items():
            self.training.parts.add(name, value)
        self.training.find_optimizers()

    # -- loops

    def begin_epochs(self, count: int) -> int | None:
        self._epochs = count
        return self.training.places.begin_epochs()

    def epochs_end(self, count: int) -> int:
        """The epoch before which the loop ends: more than asked for when the run was extended."""
        session = self.session
        if session is not None and session.limit is not None and session.limit > self.step:
            return sys.maxsize
        return count

    def begin_epoch(self, epoch: int, count: int) -> None:
        self.training.places.begin_epoch(epoch)

    def end_epochs(self) -> None:
        self.training.places.end_epochs()
        self._epochs = None

    def begin_turns(self) -> int | None:
        return self.training.places.begin_turns()

    def begin_source(self, source: Source, index: int) -> Iterator[Any]:
        """The batches from `index` on; then the state of the checkpoint is put back, if any."""
        iterator = source.begin(index)
        self.training.places.now.index = index
        if self._from_checkpoint is not None:
            self._restore(source)
        self.training.order = source.digest
        if source.problem is not None and self.session is not None:
            self.session.approximate([f"The data: {source.problem}."])
        self._note_length(source, index)
        return iterator

    def _restore(self, source: Source) -> None:
        snapshot, self._from_checkpoint = self._from_checkpoint, None
        assert snapshot is not None
        here, there = self.training.places.now.to_json(), snapshot.state["position"]
        try:
            problems = self.training.restore(snapshot, is_fork=self._is_fork)
        except Exception as error:
            self._fail(error)
        if here != there:
            problems.append(f"The script's loops differ: this is {here}, the checkpoint {there}.")
        if snapshot.state["order"] != source.digest:
            problems.append("The order of the data differs: its sampler keeps a state of its own.")
        self._problems = problems

    def _fail(self, error: BaseException) -> None:
        session = self.session
        reason = f"The state of the checkpoint cannot be put back: {error!r}"
        if session is not None:
            session.over(RunStatus.FAILED, reason[:500], traceback.format_exc())
            session.recorder.close()
            self.session = None
        say(f"{reason}")
        raise CannotContinue(1) from error

    def _note_length(self, source: Source, index: int) -> None:
        session = self.session
        if session is None or source.length is None:
            return
        rest = source.length - index
        if self._epochs is not None and self.training.places.now.inner == 1:
            rest += source.length * max(0, self._epochs - 1 - self.epoch)
        session.length = self.step + rest

    def boundary(self, frame: FrameType) -> bool:
        """The point between two turns; False: the loop ends here."""
        session = self.session
        if session is None or os.getpid() != self._owner:
            return not self.is_ending
        try:
            self.flush()
            if self._turns == 0:
                self._begin(session)
            goes_on = session.boundary()
            if self._turns <= LOOK_AT_TURNS:
                look(session, frame, self._turns, is_new=self.is_new)
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
        self.training.find_optimizers()
        self.on_begin()
        session.approximate(self._problems)
        session.declare()
        if session.history.attempts == 0:
            session.save("start")

    def begin_turn(self) -> None:
        self._turns += 1

    def end_turn(self, *, moves: bool = True) -> None:
        """A turn is done: count it and record what was logged.

        moves: it is a turn of the loop in progress; else of one that ended without saying so.
        """
        if moves:
            self.training.places.now.index += 1
        if self.session is None or os.getpid() != self._owner:
            self.training.step += 1
            return
        self._end_turn()

    @never_raises
    def _end_turn(self) -> None:
        session = self.session
        assert session is not None
        pending, self._pending = self._pending, {}
        values = {name: float(value) for name, value in pending.items()}
        if session.cost is None:
            session.cost = next(iter(values), None)
        session.end_turn(values)

    @never_raises
    def flush(self) -> None:
        """Record what was logged between two loops, at the step that was made last."""
        if self._pending and self.session is not None:
            pending, self._pending = self._pending, {}
            self.session.record(self.step, {name: float(value) for name, value in pending.items()})

    def end_turns(self) -> None:
        """A loop of turns is over."""

    # -- the end

    @never_raises
    def finish(self) -> None:
        """The training is over."""
        self.end(RunStatus.FINISHED, None)

    def end(self, status: RunStatus, reason: str | None, text: str | None = None) -> None:
        """Leave the last checkpoint and say how the run ended."""
        session = self.session
        if session is None or os.getpid() != self._owner:
            return
        self.flush()
        if session.ending is not None and status is RunStatus.FINISHED:
            status, reason = session.ending.status, session.ending.reason
        self.session = None
        if self._turns or session.history.attempts:
            session.save("end")
        else:
            self.training.find_optimizers()
            session.declare()
        session.saver.wait()
        session.over(status, reason, text)
        session.saver.close()
        session.recorder.close()

    def give_up(self, error: BaseException) -> None:
        """Record nothing more, and let the script go on."""
        session, self.session = self.session, None
        text = "".join(traceback.format_exception(error))
        say(f"this run is not recorded any more: {error!r}\n{text}")
        if session is not None:
            try:
                session.emit(
                    Warned(step=self.step, message=f"Recording failed and has ended: {error!r}")
                )
                session.over(RunStatus.LOST, f"Recording failed: {error!r}"[:500])
                session.recorder.close()
            except Exception:
                return

    def _warn(self, kind: str, message: str) -> None:
        session = self.session
        if session is None:
            return
        if session.warn_once(kind, message):
            say(f"{message}")

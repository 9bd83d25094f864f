"""The session of a task: what the training loop, the answers to commands and signals act on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import FrameType
from typing import ClassVar

from babysit.protocol.commands import Extend, Set
from babysit.protocol.events import Changed, GuardTripped, StatusChanged, Warned
from babysit.protocol.status import RunStatus
from babysit.resume.fork_check import ForkCheck
from babysit.training.controls import ChangeMade, apply_change, checked_change
from babysit.training.state import Training
from babysit.training.user_code.evaluation import FAILURES, evaluate
from babysit.training.user_code.failure import reason_of
from babysit.worker.base_session import Session
from babysit.worker.failed_change import UnprovenChange, killed_by_change, reason_of_pause
from babysit.worker.picture import write_picture

PICTURE_EVERY_S = 0.5
# An ending that is never said: the run goes on in another process.
PREEMPTED = StatusChanged(step=0, status=RunStatus.STARTING, at="")


@dataclass(slots=True)
class TrainingSession(Session):
    """A run of a task in the hands of its worker."""

    training: Training
    fork_check: ForkCheck | None = None  # while a fork repeats what its parent did
    pictured_at_s: float = -PICTURE_EVERY_S
    unproven: UnprovenChange | None = None  # the last change, until an update has used it

    def compare(self, step: int, values: tuple[float, float, float]) -> None:
        """Compare an update that was made before; values as `COMPARED` of a recipe."""
        if self.replay_check is not None:
            self.replay_check.compare(step, values)
        if self.recovery_check is not None:
            self.recovery_check.compare(step, values[0])
        if self.fork_check is None:
            return
        found = self.fork_check.compare(step, values[0], self.version)
        if found is not None:  # say once whether a fork without changes repeats its parent
            self.fork_check = None
            self.emit(found)
            for reason in found.reasons:
                self.emit(Warned(step=step, message=reason))

    def check_change(self, change: Set) -> None:
        checked_change(self.training.controls, change, self.training.step)

    def make_change(self, change: Set) -> ChangeMade:
        training = self.training
        return apply_change(
            training.controls,
            change,
            step=training.step,
            last_step=training.steps,
            parts=training.parts,
        )

    def note_change(self, changed: Changed) -> None:
        self.unproven = UnprovenChange.of(changed, self.training)

    def move_end(self, command: Extend) -> list[str]:
        training = self.training
        training.steps += command.steps
        if not command.schedule_follows:
            return []
        controls = training.controls
        controls.schedule, said = controls.schedule.moved_to(
            training.steps, controls.values, step=training.step
        )
        return said

    def protect(self) -> None:
        """Keep the state before an update that is the first to use a change."""
        change, training = self.unproven, self.training
        if change is not None and not self.measured_or_none(
            "The state before an update", lambda: change.protect(training)
        ):
            self.unproven = None

    def holds_killer(self) -> bool:
        """Pause before the update in which an earlier attempt ran out of memory, once."""
        if self.recovery_check is not None or self.killer_step != self.training.step + 1:
            return False
        self.killer_step = 0
        tripped = killed_by_change(self.directory, self.history, self.training)
        if tripped is not None:
            self.emit(tripped)
            self.pause(reason_of_pause(tripped))
        return tripped is not None

    def hold_failed_change(self, error: BaseException) -> GuardTripped | None:
        """If the update raised because of a change: the state is as before, this is to be said."""
        if self.unproven is None or self.ending is not None or self.recovery_check is not None:
            return None
        return self.unproven.take_back(self.training, error)

    def evaluate(self) -> dict[str, float]:
        """Measure the validation set at this step, once, and keep the picture fresh."""
        training = self.training
        if self.evaluated_at == training.step:
            return self.measured
        evaluation = evaluate(
            training.task,
            training.network,
            training.data,
            training.controls.values,
            training.device,
        )
        for kind, message in evaluation.warnings().items():
            self.warn_once(kind, message)
        self.measured = found = evaluation.series
        self.recorder.values(training.step, found)
        self.evaluated_at = training.step
        name = training.best.objective.name
        if name not in found:
            self.warn_once("objective", f"{name} is not measured, so no checkpoint is the best.")
        is_best = training.best.note(found.get(name, math.nan), training.step)
        if is_best and self.saver.current(training.step, self.version) is None:
            self._keep_best()
        self.draw()
        return found

    def draw(self, *, at_once: bool = False) -> None:
        """Write the task's picture beside the journal: no history, only the newest."""
        draw, now_s = self.training.task.picture, self.clock.active_s()
        if draw is None or not (at_once or now_s - self.pictured_at_s >= PICTURE_EVERY_S):
            return
        self.pictured_at_s = now_s
        training = self.training
        try:
            write_picture(draw, training.network, training.step, self.directory)
        except FAILURES as error:  # a picture must never end a training
            message = f"The task's picture could not be drawn. {reason_of(error)}"
            self.warn_once(f"picture: {type(error).__name__}", message)


class ForcedExit(BaseException):
    """A second SIGTERM: end without finishing the step."""


def stopped(session: TrainingSession) -> StatusChanged:
    step = session.training.step
    return StatusChanged(step=step, status=RunStatus.STOPPED, reason="terminated")


class TerminationHandler:
    """SIGTERM ends the run after the step in progress, with a checkpoint; a second one at once.

    SIGUSR2 ends only this process then. is_preemptible: SIGTERM does the same.
    """

    is_preemptible: ClassVar[bool] = False

    def __init__(self) -> None:
        self._is_noted = self._is_preempted = False
        self._session: TrainingSession | None = None

    @property
    def session(self) -> TrainingSession | None:
        """The run, once it is built; a signal that came before acts then."""
        return self._session

    @session.setter
    def session(self, session: TrainingSession) -> None:
        self._session = session
        if self._is_noted:
            session.ending = stopped(session)
        elif self._is_preempted:
            session.ending = PREEMPTED

    def note_preemption(self, number: int, frame: FrameType | None) -> None:
        self._is_preempted = True
        if self._session is not None and self._session.ending is None:
            self._session.ending = PREEMPTED
            self._session.recorder.inbox.ring()

    def note(self, number: int, frame: FrameType | None) -> None:
        if self.is_preemptible:
            self.note_preemption(number, frame)
            return
        if self._session is not None:
            if self._is_noted:
                raise ForcedExit
            self._session.ending = stopped(self._session)
            self._session.recorder.inbox.ring()
        self._is_noted = True

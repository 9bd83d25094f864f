"""A run in the hands of its worker: the training, its journal, its checkpoints, its pauses."""

from __future__ import annotations

import errno
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from babysit.protocol.events import Event, Exactness, GuardTripped, StatusChanged, Warned
from babysit.protocol.heartbeat import Heartbeat, read_heartbeat
from babysit.protocol.objective import VAL_COST
from babysit.protocol.run_spec import RunSpec
from babysit.protocol.status import CheckpointCause, RunStatus
from babysit.resume.fork_check import ForkCheck
from babysit.resume.history import RecoveryCheck, ReplayedCommand, RunHistory
from babysit.resume.replay import ReplayCheck
from babysit.training.checkpoint import Snapshot
from babysit.training.metrics import Clock
from babysit.training.state import Training
from babysit.training.user_code.evaluation import FAILURES, evaluate
from babysit.training.user_code.failure import reason_of
from babysit.training.user_code.saved_state import lost_message
from babysit.worker.checkpoint_writer import Saved, Saver
from babysit.worker.failed_change import UnprovenChange, killed_by_change, reason_of_pause
from babysit.worker.picture import write_picture
from babysit.worker.recorder import Recorder
from babysit.worker.unsaved_best import UnsavedBest

Result = TypeVar("Result")

PICTURE_EVERY_S = 0.5
DISK_FULL, DISK_ERROR = IO_ERROR_PAUSES = ("disk_full", "disk_error")  # reasons of a pause


@dataclass(slots=True)
class TrainingSession:
    """What the loop and the answers to commands act on.

    began_at: the step this attempt started from.
    pause_at: the step after which somebody wants to look again.
    paused_for: why the run is paused; None while it runs.
    ending: how the run ends, once somebody asked for it.
    version: counts the changes made; with the step it names a state.
    redo: what acts at known steps: of an earlier attempt, or of a recipe.
    repeats: the recipe's original, as long as the run is compared with it.
    """

    spec: RunSpec
    directory: Path
    training: Training
    recorder: Recorder
    saver: Saver
    heartbeat: Heartbeat
    clock: Clock = field(default_factory=Clock)
    began_at: int = field(init=False)
    pause_at: int | None = None
    paused_for: str | None = None
    ending: StatusChanged | None = None
    version: int = 0
    history: RunHistory = field(default_factory=RunHistory)
    to_replay: deque[ReplayedCommand] = field(default_factory=deque)
    replay_check: ReplayCheck | None = None
    recovery_check: RecoveryCheck | None = (
        None  # while an attempt makes again what an earlier one had made
    )
    fork_check: ForkCheck | None = None  # while a fork repeats what its parent did
    evaluated_at: int = -1
    pictured_at_s: float = -PICTURE_EVERY_S
    unsaved_best: UnsavedBest | None = None
    measured: dict[str, float] = field(default_factory=dict)  # at `evaluated_at`
    unproven: UnprovenChange | None = None  # the last change, until an update has used it
    killer_step: int = 0  # the update that an earlier attempt ended in
    warned: set[str] = field(default_factory=set)  # kinds of warnings that were said

    def __post_init__(self) -> None:
        self.began_at = self.training.step
        beat = read_heartbeat(self.directory, self.history.attempts)
        self.killer_step = 0 if beat is None else beat.step

    @property
    def status(self) -> RunStatus:
        return RunStatus.RUNNING if self.paused_for is None else RunStatus.PAUSED

    def emit(self, event: Event) -> None:
        self.recorder.event(event)

    def warn_once(self, kind: str, message: str) -> bool:
        """Say something that may come again at every step; whether it was the first time."""
        is_new = kind not in self.warned
        if is_new:
            self.warned.add(kind)
            self.emit(Warned(step=self.training.step, message=message))
        return is_new

    def measured_or_none(self, what: str, measure: Callable[[], Result]) -> Result | None:
        """What is measured beside the training; None, with a warning, if that raises."""
        try:
            return measure()
        except FAILURES as error:
            message = f"{what} could not be measured; the training goes on. {reason_of(error)}"
            self.warn_once(f"{what}: {type(error).__name__}", message)
            return None

    def leave_recipe(self) -> None:
        """A person changed what follows: from here on the run is one of its own."""
        if self.replay_check is not None:
            self.emit(self.replay_check.said(self.training.step, by_hand=True))
            self.replay_check = None

    def end_comparison(self) -> None:
        """The recipe, or the run before it, is at its end: say whether all was equal."""
        if self.replay_check is not None:
            step = self.training.step
            self.replay_check.compare_state(self.training, "after")
            self.emit(self.replay_check.said(step, by_hand=step < self.replay_check.until))
            self.replay_check = None

    @property
    def follows_others(self) -> bool:
        """Whether something acts at the next steps that nobody asks for now."""
        return (
            bool(self.to_replay) or self.replay_check is not None or self.recovery_check is not None
        )

    def save(self, cause: CheckpointCause, *, command_id: int | None = None) -> Saved:
        """A checkpoint of this very state: the one there is already, or a new one.

        The best state goes first: what is on the disk up to a step includes the best of it.
        """
        training, best = self.training, self.unsaved_best
        if best is not None and best.is_at(training.step, self.version):
            self.unsaved_best = None
        self.save_best()
        current = self.saver.current(training.step, self.version)
        if current is not None:
            self.recorder.kept.add(current.id)  # it now stands for this cause too
            return current
        began_s = time.monotonic()
        try:
            snapshot = self._snapshot()
        except FAILURES as error:  # a `state_dict` of the task's own that raises, for example
            return self.saver.report_failure(
                training.step, cause, version=self.version, reason=reason_of(error)
            )
        measured = self.measured if self.evaluated_at == training.step else {}
        return self.saver.save(
            snapshot,
            cause,
            version=self.version,
            val_cost=measured.get(VAL_COST),
            objective_value=training.best.objective.beside_cost(measured),
            command_id=command_id,
            copied_s=time.monotonic() - began_s,
        )

    def _snapshot(self) -> Snapshot:
        snapshot = self.training.snapshot()
        if lost := self.training.lost_state:
            message = lost_message(lost)
            if self.warn_once("lost state", message):
                step = self.training.step
                self.emit(Exactness(step=step, level="approximate", reasons=[message]))
        return snapshot

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

    def save_best(self) -> None:
        """Put the best state on the disk, unless it is there."""
        best, self.unsaved_best = self.unsaved_best, None
        if best is not None:
            best.save(self.saver)

    def _keep_best(self) -> None:
        """Copy this state, the best one so far: the next update changes it."""
        began_at = time.monotonic()
        snapshot = self.measured_or_none("The best state so far", self._snapshot)
        copied_s = time.monotonic() - began_at
        if snapshot is not None:
            objective, measured = self.training.best.objective, self.measured
            self.unsaved_best = UnsavedBest(
                snapshot, self.version, objective, measured, began_at, copied_s
            )

    def pause(self, reason: str, command_id: int | None = None) -> None:
        """Wait from here on; the state is on the disk before it is said."""
        self.evaluate()
        self.draw(at_once=True)
        self.clock.pause()
        self.paused_for, self.pause_at = reason, None
        self.save("pause", command_id=command_id)
        self.saver.wait()
        self.emit(
            StatusChanged(
                step=self.training.step,
                status=RunStatus.PAUSED,
                reason=reason,
                command_id=command_id,
            )
        )

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

    def pause_on_io_error(self, io_error: OSError) -> None:
        """Wait until the disk takes things again; nothing more is asked of it meanwhile."""
        full = io_error.errno in (errno.ENOSPC, errno.EDQUOT)
        self.clock.pause()
        self.paused_for = DISK_FULL if full else DISK_ERROR
        self.heartbeat.set_io_error(io_error.errno or errno.EIO)
        step, paused = self.training.step, RunStatus.PAUSED
        self.emit(StatusChanged(step=step, status=paused, reason=self.paused_for))

    def resume(self, command_id: int | None = None) -> None:
        if self.paused_for in IO_ERROR_PAUSES:
            self.heartbeat.set_io_error(0)
        self.paused_for = None
        self.clock.resume()
        self.emit(
            StatusChanged(step=self.training.step, status=RunStatus.RUNNING, command_id=command_id)
        )

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

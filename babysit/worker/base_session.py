"""A run in the hands of its worker: its journal, its checkpoints, its pauses."""

from __future__ import annotations

import errno
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from babysit.protocol.commands import Extend, Set
from babysit.protocol.events import Changed, Event, Exactness, StatusChanged, Warned
from babysit.protocol.heartbeat import Heartbeat, read_heartbeat
from babysit.protocol.objective import VAL_COST
from babysit.protocol.spec.run_spec import RunSpec
from babysit.protocol.status import CheckpointCause, RunStatus
from babysit.resume.history import RecoveryCheck, ReplayedCommand, RunHistory
from babysit.resume.replay import ReplayCheck
from babysit.training.checkpoint import Snapshot
from babysit.training.controls import ChangeMade
from babysit.training.metrics import Clock
from babysit.training.steered import SteeredTraining
from babysit.training.user_code.evaluation import FAILURES
from babysit.training.user_code.failure import reason_of
from babysit.training.user_code.saved_state import lost_message
from babysit.worker.checkpoint_writer import Saved, Saver
from babysit.worker.recorder import Recorder
from babysit.worker.unsaved_best import UnsavedBest

Result = TypeVar("Result")

DISK_FULL, DISK_ERROR = IO_ERROR_PAUSES = ("disk_full", "disk_error")  # reasons of a pause


@dataclass(slots=True)
class Session(ABC):
    """What the answers to commands act on, whatever is trained.

    began_at: the step this attempt started from.
    pause_at: the step after which somebody wants to look again.
    paused_for: why the run is paused; None while it runs.
    ending: how the run ends, once somebody asked for it.
    version: counts the changes made; with the step it names a state.
    to_replay: what acts at known steps: of an earlier attempt, or of a recipe.
    """

    spec: RunSpec
    directory: Path
    training: SteeredTraining
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
    evaluated_at: int = -1
    measured: dict[str, float] = field(default_factory=dict)  # at `evaluated_at`
    unsaved_best: UnsavedBest | None = None
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
        snapshot = self.training.snapshot(self.saver.memory)
        if lost := self.training.lost_state:
            message = lost_message(lost)
            if self.warn_once("lost state", message):
                step = self.training.step
                self.emit(Exactness(step=step, level="approximate", reasons=[message]))
        return snapshot

    def save_best(self) -> None:
        """Put the best state on the disk, unless it is there."""
        best, self.unsaved_best = self.unsaved_best, None
        if best is not None:
            best.save(self.saver)

    def _keep_best(self) -> None:
        """Copy this state, the best one so far: the next update changes it."""
        if self.unsaved_best is not None:
            self.unsaved_best.snapshot.copies.give_back()
            self.unsaved_best = None
        began_at = time.monotonic()
        snapshot = self.measured_or_none("The best state so far", self._snapshot)
        copied_s = time.monotonic() - began_at
        if snapshot is not None:
            objective, measured = self.training.best.objective, dict(self.measured)
            self.unsaved_best = UnsavedBest(
                snapshot, self.version, objective, measured, began_at, copied_s
            )

    def pause(self, reason: str, command_id: int | None = None) -> None:
        """Wait from here on; the state is on the disk before it is said."""
        self.look()
        self.clock.pause()
        self.paused_for, self.pause_at = reason, None
        self.save("pause", command_id=command_id)
        self.saver.wait()
        self.saver.memory.release()
        self.emit(
            StatusChanged(
                step=self.training.step,
                status=RunStatus.PAUSED,
                reason=reason,
                command_id=command_id,
            )
        )
        self.recorder.is_resting = True

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
        self.paused_for, self.recorder.is_resting = None, False
        self.saver.memory.keep()
        self.clock.resume()
        self.emit(
            StatusChanged(step=self.training.step, status=RunStatus.RUNNING, command_id=command_id)
        )

    # -- what depends on what is trained

    @abstractmethod
    def check_change(self, change: Set) -> None:
        """Check a change without making it.

        Raises:
            InvalidValue: it would be refused.
        """

    @abstractmethod
    def make_change(self, change: Set) -> ChangeMade:
        """Make a change between two steps.

        Raises:
            InvalidValue: it is refused; nothing was touched.
        """

    def note_change(self, changed: Changed) -> None:
        """A change was made, and is about to be said."""
        return  # a script has nothing to do

    @abstractmethod
    def move_end(self, command: Extend) -> list[str]:
        """Let the run make more steps. Returns: what has to be said about it."""

    def holds_killer(self) -> bool:
        """Pause before the update in which an earlier attempt ran out of memory, once."""
        return False

    @abstractmethod
    def evaluate(self) -> dict[str, float]:
        """Measure how good the network is at this step, once."""

    def look(self) -> None:
        """Measure what a person who looks now wants to see."""
        self.evaluate()
        self.draw(at_once=True)

    def draw(self, *, at_once: bool = False) -> None:
        """Keep the picture of the network fresh, if there is one."""
        return  # a script draws none

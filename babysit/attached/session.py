"""A script's run between two turns of its loop: records, answers commands, saves, pauses."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from babysit.attached.checks.declaring import declaration, said_of_schedulers, what_is_said
from babysit.attached.checks.evaluating import without_trace
from babysit.attached.checks.exactness import CarriedCheck, RoundTrip
from babysit.attached.checks.guard import guard
from babysit.attached.control.config import Settings
from babysit.attached.say import say
from babysit.attached.series.numbers import named_values
from babysit.attached.state.training import ScriptTraining
from babysit.protocol.commands import Extend, Set
from babysit.protocol.events import Declared, Exactness, StatusChanged, Warned
from babysit.protocol.heartbeat import BETWEEN_STEPS
from babysit.protocol.hyperparameters import InvalidValue
from babysit.protocol.objective import VAL_COST
from babysit.protocol.status import RunStatus
from babysit.resume.history import RecoveryCheck
from babysit.training.controls import ChangeMade
from babysit.training.metrics import is_measured
from babysit.worker.base_session import Session
from babysit.worker.executor import answer_commands
from babysit.worker.loop import Throttle, wait_s

COST = "train/cost"
Evaluation = Callable[[], Any]


@dataclass(slots=True)
class ScriptSession(Session):
    """A run of a script in the hands of its own process.

    evaluation: the function that measures, if the script gives one.
    cost: the series that is the run's cost.
    stop_at: the step at which this process stops, if its loops go on for so long.
    """

    training: ScriptTraining
    evaluation: Evaluation | None = None
    cost: str | None = None
    stop_at: int | None = None
    length: int | None = None  # steps of the whole run, as far as the loops tell
    fixed_length: str | None = None  # why the loops cannot be made longer
    settings: Settings | None = None
    may_wait: bool = False  # somebody looks after the run, and will see that it waits
    throttle: Throttle = field(default_factory=Throttle)
    fork_check: RecoveryCheck | None = None
    round_trip: RoundTrip = field(default_factory=RoundTrip)
    carried: CarriedCheck = field(default_factory=CarriedCheck)
    saves_at: frozenset[int] = frozenset()
    _declared: Declared | None = None
    _is_due: bool = False  # the end of the last turn is still to be looked at

    # -- between two turns

    def boundary(self) -> bool:
        """Do all that is done between two turns; False: the run ends here."""
        training, recorder = self.training, self.recorder
        if training.notice_groups():
            self.declare()
        if self._is_due:
            self._after_turn()
        while True:
            self.heartbeat.record(BETWEEN_STEPS)
            if recorder.commands or training.controls.scheduled or self.follows_others:
                answer_commands(self)
            if self.ending is not None:
                return False
            limit, stop_at, step = training.limit, self.stop_at, training.step
            if (limit and step >= limit) or (stop_at and step >= stop_at):
                return False
            recorder.check()
            goes_on = recorder.io_error is not None and self._goes_on_unwritten()
            pause_s = 0.0 if goes_on else wait_s(self, self.throttle)
            if not pause_s:
                break
            recorder.wait_for_command(pause_s)
        if training.controls.moves:
            training.controls.enforce()
        self.heartbeat.record(training.step + 1)
        return True

    def _goes_on_unwritten(self) -> bool:
        """Whether the disk takes nothing, and nobody would see that the run waits for it."""
        error = self.recorder.io_error
        if error is None or self.may_wait or self.paused_for is not None:
            return False
        if "disk" not in self.warned:
            self.warned.add("disk")
            say(f"the disk takes nothing ({error}); the training goes on, what is recorded waits.")
        return True

    def end_turn(self, values: dict[str, float], *, may_save: bool = True) -> None:
        """Record a turn that is done. values: what was logged in it, by series name.

        may_save: whether this is a place that the loop can go on from; else the next one is.
        """
        training = self.training
        training.step += 1
        step = training.controls.step = training.step
        if training.notice_groups():
            self.declare()
        row = values | self._used()
        self.record(step, row)
        if self.cost is not None and self.cost in values:
            guard(self, values[self.cost])
        if is_measured(step):
            self._measure_progress()
        self._is_due = True
        if may_save:
            self._after_turn()

    def _after_turn(self) -> None:
        """Pause and save, if it is time."""
        self._is_due, step = False, self.training.step
        if step == self.pause_at:
            self.pause_at = None
            if self.recovery_check is None:
                self.pause("user")
        if step in self.saves_at:
            self.save("user")
        elif is_measured(step) or time.monotonic() >= self.saver.latest_s:
            self.save_when_due()

    def record(self, step: int, row: dict[str, float]) -> None:
        """Write values to the journal, compare those made before, and notice a new best."""
        if not row:
            return
        with_costs = self._with_costs(row)
        self.recorder.values(step, with_costs)
        if self.replay_check is not None:
            self.replay_check.compare_logged(step, with_costs)
        if self.recovery_check is not None:
            self.recovery_check.compare_logged(step, row)
        if self.fork_check is not None:
            self._compare_fork(step, row)
        objective = self.training.best.objective.name
        if objective in row:
            self.measured = with_costs
            self._note_objective(step, row[objective])

    def _with_costs(self, row: dict[str, float]) -> dict[str, float]:
        """The values, with the cost also under the names that runs of tasks have."""
        found = dict(row)
        if self.cost in row:
            found[COST] = row[self.cost]
        objective = self.training.best.objective
        if objective.mode == "min" and objective.name in row and objective.name != self.cost:
            found[VAL_COST] = row[objective.name]
        return found

    def _used(self) -> dict[str, float]:
        """The learning rates and momenta of the last update, as the optimizers used them."""
        found: dict[str, float] = {}
        controls = self.training.controls
        many = len(controls.hooks) > 1
        for part, hooks in controls.hooks.items():
            hooks.after()  # where the step has raised, and the script went on
            if hooks.failed:
                hooks.failed = False
                self.warn_once(
                    f"hooks {part}", f"The values set by hand could not be put into {part}."
                )
            used, hooks.used = hooks.used, []
            if not used:
                continue
            prefix = f"{part}." if many else ""
            labels = hooks.labels() if len(used) > 1 else ("",)
            for label, group in zip(labels, used, strict=False):
                found[f"{prefix}learning_rate{label}"] = float(group.get("lr", math.nan))
                momentum = group.get("momentum", group.get("betas"))
                if isinstance(momentum, tuple):
                    momentum = momentum[0]
                if momentum is not None:
                    found[f"{prefix}momentum{label}"] = float(momentum)
        return found

    def _measure_progress(self) -> None:
        step = self.training.step
        self.recorder.values(
            step,
            {
                "epoch": float(self.training.places.now.epoch),
                "active_s": self.clock.active_s(),
                "clock_s": time.time(),
                "steps_per_s": self.clock.steps_per_s(step),
            },
        )

    def save_when_due(self) -> None:
        if self.unsaved_best is not None and self.saver.is_best_due():
            self.save_best()
        elif self.saver.is_timer_due(evaluated=False):
            self.save("timer")

    # -- the best

    def _note_objective(self, step: int, value: float) -> None:
        self.evaluated_at = step
        is_best = self.training.best.note(value, step)
        if is_best and self.saver.current(step, self.version) is None:
            self._keep_best()

    # -- what commands ask for

    def check_change(self, change: Set) -> None:
        self.training.controls.check(change)

    def make_change(self, change: Set) -> ChangeMade:
        return self.training.controls.apply(change)

    def move_end(self, command: Extend) -> list[str]:
        training = self.training
        if self.fixed_length is not None:
            raise InvalidValue("steps", self.fixed_length)
        training.steps += command.steps
        training.limit = training.steps
        return said_of_schedulers(training)

    def evaluate(self) -> dict[str, float]:
        """Call the script's own function. Its random numbers and its modes leave no trace.

        Raises:
            ValueError: the script gives no function.
        """
        if self.evaluation is None:
            raise ValueError("This script has no function to evaluate: see @run.evaluate.")
        found: dict[str, float] = {}
        try:
            with without_trace(self.training):
                found = named_values(self.evaluation(), "val/")
        except Exception as error:
            self.warn_once("evaluate", f"The script's function to evaluate raised: {error!r}")
        self.record(self.training.step, found)
        return found

    def look(self) -> None:
        if self.evaluation is not None:
            self.evaluate()

    # -- what is said

    def declare(self) -> None:
        """Say what the run consists of, if that is not what was said last."""
        declared, known = declaration(self), self._declared
        if known is None or what_is_said(known) != what_is_said(declared):
            self._declared = declared
            if declared.steps is not None:
                self.training.steps = declared.steps
            self.emit(declared)

    def approximate(self, reasons: list[str], *, is_known: bool = True) -> None:
        """Say why the run cannot be repeated to the last bit; or, if that is not known, why it
        perhaps cannot.
        """
        new = [text for text in reasons if f"approximate {text}" not in self.warned]
        self.warned |= {f"approximate {text}" for text in new}
        for text in new:
            self.emit(Warned(step=self.training.step, message=text))
        if new:
            said = Exactness(step=self.training.step, level="approximate", reasons=new)
            self.emit(said if is_known else replace(said, level="not proved"))

    def _compare_fork(self, step: int, row: dict[str, float]) -> None:
        check = self.fork_check
        assert check is not None
        if self.version:
            self.fork_check = None
            return
        check.compare_logged(step, row)
        if check.differs_at is not None:
            self.fork_check = None
            parent = (self.spec.parent or {}).get("run_id")
            self.approximate(
                [f"Forked without a change, it differs from run {parent} at step {step:,}."]
            )
        elif check.is_over(step):
            self.fork_check = None
            self.emit(Exactness(step=step, level="exact", proved_at_step=step))

    def end_comparison(self) -> None:
        """The last state of a recipe is compared here, between two turns; what the script logs
        after its loop is compared too, so the result is said when the run is over.
        """
        if self.replay_check is not None:
            self.replay_check.compare_state(self.training, "after")

    def over(self, status: RunStatus, reason: str | None, traceback: str | None = None) -> None:
        """Say how the run ended; nothing is recorded after this."""
        Session.end_comparison(self)
        step = self.training.step
        self.emit(StatusChanged(step=step, status=status, reason=reason, traceback=traceback))

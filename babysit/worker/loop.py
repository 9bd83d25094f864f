"""The training loop: one function that reads aloud."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import torch
from torch import nn

from babysit.protocol.events import StatusChanged
from babysit.protocol.heartbeat import BETWEEN_STEPS
from babysit.protocol.status import RunStatus
from babysit.training.guards.nan_guard import non_finite
from babysit.training.metrics import StepSize, is_measured, norm
from babysit.worker.base_session import IO_ERROR_PAUSES, Session
from babysit.worker.executor import answer_commands
from babysit.worker.recorder import LOOK_EVERY_S
from babysit.worker.session import TrainingSession

COST, GRAD_NORM = "train/cost", "grad_norm"
DISK_LOOK_EVERY_S = 0.2
WAIT_MIN_S = 1e-4


def train(session: TrainingSession) -> StatusChanged:
    """Make steps until the last one, a stop, or an exception of the task's.

    A value recorded at step k describes update k: the cost is the mean over its mini-batch before
    the update, the learning rate and the momentum are what it used.

    Returns:
        How the run ended; not yet said.
    """
    training, recorder = session.training, session.recorder
    network, optimizer, controls = training.network, training.optimizer, training.controls
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    group, record = optimizer.param_groups[0], recorder.step_row.append
    record_heartbeat = session.heartbeat.record
    step_size = StepSize(network)
    throttle = Throttle()

    while True:
        # people first, but only between steps
        record_heartbeat(BETWEEN_STEPS)
        if recorder.commands or controls.scheduled or session.follows_others:
            answer_commands(session)
            if session.training is not training:  # a recipe came to a fork
                return train(session)
        if session.ending is not None:
            return session.ending
        if training.step >= training.steps:
            return StatusChanged(step=training.step, status=RunStatus.FINISHED)
        recorder.check()
        if pause_s := wait_s(session, throttle):
            recorder.wait_for_command(pause_s)
            continue

        # the cost of one mini-batch and its gradient
        step = training.step + 1
        record_heartbeat(step)
        session.protect()
        if controls.moves:
            controls.write_to(optimizer, training.step)
        optimizer.zero_grad(set_to_none=True)  # before the network: it may add to gradients
        x, y = training.batches.next()
        cost = training.task.cost(network(x), y, controls.values)  # scalar
        cost.backward()  # type: ignore[no-untyped-call]

        # once in a while, and whenever it is clipped, the size of the gradient
        measured, clip = is_measured(step), float(controls.values["grad_clip"])
        numbers = {COST: cost.item()}  # waits for a GPU
        if measured or clip:
            numbers |= _clipped(session, parameters, clip)

        # one update, unless a number is none
        all_finite = all(map(math.isfinite, numbers.values()))
        if measured:
            session.measured_or_none("The step size", step_size.remember)
        if all_finite:
            optimizer.step()
        training.step = step
        beta = group["betas"][0] if "betas" in group else group["momentum"]
        record((step, numbers[COST], group["lr"], beta))
        session.compare(step, (numbers[COST], group["lr"], beta))

        # what is not recorded at every step
        if measured:
            numbers["step_size"] = _measure_progress(session, step_size)
        if len(numbers) > 1:
            recorder.values(step, {name: numbers[name] for name in numbers if name != COST})
        if not all_finite:
            _pause_for_guard(session, numbers)
        elif step % training.task.evaluate_every == 0 or step == training.steps:
            session.evaluate()
        has_diverged = all_finite and training.divergence.update(numbers[COST])
        if has_diverged or step == session.pause_at:
            _pause_after_step(session, has_diverged=has_diverged)
        if measured or session.evaluated_at == step or time.monotonic() >= session.saver.latest_s:
            _save_when_due(session)


def wait_s(session: Session, throttle: Throttle) -> float:
    """How long to wait for a command before another look; 0: make the next step."""
    throttle.limit(session.recorder.inbox.max_steps_per_s)
    if session.paused_for in IO_ERROR_PAUSES:
        if not session.recorder.has_recovered():
            return DISK_LOOK_EVERY_S
        session.resume()
    if session.paused_for is not None:
        return LOOK_EVERY_S
    if session.recorder.io_error is not None:
        session.pause_on_io_error(session.recorder.io_error)
        return DISK_LOOK_EVERY_S
    if session.killer_step and session.holds_killer():
        return LOOK_EVERY_S
    if session.recovery_check is None and throttle.holds():  # what was seen once need not be slow
        return max(throttle.left_s(), WAIT_MIN_S)
    return 0.0


def _clipped(
    session: TrainingSession, parameters: list[nn.Parameter], norm_max: float
) -> dict[str, float]:
    """The norm of the gradient before it was clipped to `norm_max`; 0 does not clip.

    Empty if the norm could not be computed and nothing depends on it.
    """
    gradients = [p.grad for p in parameters if p.grad is not None]
    if norm_max:
        before = norm(gradients)
        torch.nn.utils.clip_grads_with_norm_(parameters, norm_max, torch.tensor(before))
        return {GRAD_NORM: before}
    found = session.measured_or_none("The gradient's norm", lambda: norm(gradients))
    if found is None:
        session.recorder.values(session.training.step + 1, {GRAD_NORM: math.nan})
        return {}
    return {GRAD_NORM: found}


class Throttle:
    """Holds a training down to so many steps a second, without making a command wait."""

    def __init__(self) -> None:
        self._max_steps_per_s: float | None = None
        self._step_s = 0.0
        self._next_at = 0.0

    def limit(self, max_steps_per_s: float | None) -> None:
        """From now on so many; None: as fast as it can."""
        if max_steps_per_s != self._max_steps_per_s:
            self._max_steps_per_s = max_steps_per_s
            self._step_s = 1 / max_steps_per_s if max_steps_per_s else 0.0
            self._next_at = time.monotonic()

    def holds(self) -> bool:
        """Whether the next step must still wait; False once for each step."""
        if self._step_s == 0.0:
            return False
        now = time.monotonic()
        if now < self._next_at:
            return True
        # Time lost in a pause is not caught up.
        self._next_at = max(self._next_at + self._step_s, now)
        return False

    def left_s(self) -> float:
        return max(0.0, self._next_at - time.monotonic())


def _measure_progress(session: TrainingSession, step_size: StepSize) -> float:
    """Record how far the training is. Returns: the size of its last step; NaN if not known."""
    training, clock = session.training, session.clock
    session.recorder.values(
        training.step,
        {
            "epoch": training.batches.epoch_now(),
            "examples": float(training.batches.position.examples),
            "active_s": clock.active_s(),
            "clock_s": time.time(),
            "steps_per_s": clock.steps_per_s(training.step),
        },
    )
    moved = session.measured_or_none("The step size", step_size.measure)
    return math.nan if moved is None else moved


def _pause_for_guard(session: TrainingSession, numbers: dict[str, float]) -> None:
    if session.recovery_check is not None:
        return  # whoever was asked about it then has answered
    if session.replay_check is not None and session.replay_check.first is None:
        return  # so has whoever raised the original
    tripped = non_finite(session.training.network, session.training.step, numbers)
    if tripped is not None:
        session.emit(tripped)
        session.pause("guard")


def _pause_after_step(session: TrainingSession, *, has_diverged: bool) -> None:
    """Pause because the cost has blown up, or because so many steps were asked for.

    Not while steps are made again: it was answered the first time.
    """
    training, is_repeated = session.training, session.follows_others
    if training.step == session.pause_at:
        session.pause_at = None
        if session.recovery_check is None and training.step < training.steps:
            session.pause("user")
    is_trial = session.spec.search is not None  # early stopping is the business of a search
    if has_diverged and session.recorder.inbox.guard and not (is_repeated or is_trial):
        session.emit(training.divergence.tripped(training.step))
        session.pause("guard")


def _save_when_due(session: TrainingSession) -> None:
    evaluated = session.evaluated_at == session.training.step  # such a checkpoint knows its cost
    if session.unsaved_best is not None and session.saver.is_best_due():
        session.save_best()
    elif session.saver.is_timer_due(evaluated=evaluated):
        session.save("timer")


def finish(session: TrainingSession, ending: StatusChanged) -> None:
    """Leave the last checkpoint and say how the run ended; the journal is complete after this."""
    session.evaluate()
    session.draw(at_once=True)
    session.save("end")
    session.saver.wait()
    session.end_comparison()
    session.emit(replace(ending, step=session.training.step))  # a signal may come in mid-step

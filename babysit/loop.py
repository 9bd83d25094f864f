"""The training loop: one function that reads aloud."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import torch
from torch import nn

from babysit.answer import answer_commands
from babysit.guard import non_finite
from babysit.heartbeat import BETWEEN_STEPS
from babysit.live import DISK_PAUSES, LiveRun
from babysit.messages import RunStatus, StatusChanged
from babysit.recorder import LOOK_EVERY_S
from babysit.telemetry import StepSize, is_measured, norm

COST = "train/cost"
DISK_LOOK_EVERY_S = 0.2
WAIT_MIN_S = 1e-4


def train(live: LiveRun) -> StatusChanged:
    """Make steps until the last one, a stop, or an exception of the task's.

    A value recorded at step k describes update k: the cost is the mean over its mini-batch before
    the update, the learning rate and the momentum are what it used.

    Returns:
        How the run ended; not yet said.
    """
    training, recorder = live.training, live.recorder
    network, optimizer, controls = training.network, training.optimizer, training.controls
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    group, record = optimizer.param_groups[0], recorder.step_row.append
    beat = live.heartbeat.beat
    step_size = StepSize(network)
    throttle = Throttle(live.asked.max_steps_per_s)
    network.train()

    while True:
        # people first, but only between steps
        beat(BETWEEN_STEPS)
        if recorder.commands or controls.scheduled or live.follows_others:
            answer_commands(live)
            if live.training is not training:  # a recipe came to a fork
                return train(live)
        if live.ending is not None:
            return live.ending
        if training.step >= training.steps:
            return StatusChanged(step=training.step, status=RunStatus.FINISHED)
        if recorder.is_orphaned:
            raise FileNotFoundError("The run's directory is not there any more for this process.")
        if wait_s := _wait_s(live, throttle):
            recorder.wait_for_command(wait_s)
            continue

        # the cost of one mini-batch and its gradient
        step = training.step + 1
        beat(step)
        if controls.moves:
            controls.write_to(optimizer, training.step)
        x, y = training.batches.next()
        cost = training.task.cost(network(x), y, controls.values)  # scalar
        optimizer.zero_grad(set_to_none=True)
        cost.backward()  # type: ignore[no-untyped-call]

        # once in a while, and whenever it is clipped, the size of the gradient
        measured, clip = is_measured(step), float(controls.values["grad_clip"])
        numbers = {COST: cost.item()}  # waits for a GPU
        if measured or clip:
            numbers["grad_norm"] = _clipped(parameters, clip)

        # one update, unless a number is none
        sound = all(map(math.isfinite, numbers.values()))
        if measured:
            step_size.remember()
        if sound:
            optimizer.step()
        training.step = step
        beta = group["betas"][0] if "betas" in group else group["momentum"]
        record((step, numbers[COST], group["lr"], beta))
        if live.repeats is not None:
            live.repeats.compare(step, (numbers[COST], group["lr"], beta))

        # what is not recorded at every step
        if live.catch_up is not None:
            live.catch_up.compare(step, numbers[COST])
        if measured:
            numbers["step_size"] = step_size.measure()
            _measure_progress(live)
        if len(numbers) > 1:
            recorder.values(step, {name: numbers[name] for name in numbers if name != COST})
        if not sound:
            _pause_for_guard(live, numbers)
        elif step % training.task.evaluate_every == 0 or step == training.steps:
            live.evaluate()
        if measured or live.evaluated_at == step or time.monotonic() >= live.saver.latest_s:
            _save_when_due(live)


def _wait_s(live: LiveRun, throttle: Throttle) -> float:
    """How long to wait for a command before another look; 0: make the next step."""
    if live.paused_for in DISK_PAUSES:
        if not live.recorder.is_mended():
            return DISK_LOOK_EVERY_S
        live.resume()
    if live.paused_for is not None:
        return LOOK_EVERY_S
    if live.recorder.trouble is not None:
        live.pause_for_disk(live.recorder.trouble)
        return DISK_LOOK_EVERY_S
    if live.catch_up is None and throttle.holds():  # what was seen once need not be slow
        return max(throttle.left_s(), WAIT_MIN_S)
    return 0.0


def _clipped(parameters: list[nn.Parameter], norm_max: float) -> float:
    """The norm of the gradient before it was clipped to `norm_max`; 0 does not clip."""
    before = norm([p.grad for p in parameters if p.grad is not None])
    if norm_max:
        torch.nn.utils.clip_grads_with_norm_(parameters, norm_max, torch.tensor(before))
    return before


class Throttle:
    """Holds a lesson down to so many steps a second, without making a command wait."""

    def __init__(self, max_steps_per_s: float | None) -> None:
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


def _measure_progress(live: LiveRun) -> None:
    training, clock = live.training, live.clock
    live.recorder.values(
        training.step,
        {
            "epoch": training.batches.epoch_now(),
            "examples": float(training.batches.position.examples),
            "active_s": clock.active_s(),
            "clock_s": time.time(),
            "steps_per_s": clock.steps_per_s(training.step),
        },
    )


def _pause_for_guard(live: LiveRun, numbers: dict[str, float]) -> None:
    if live.catch_up is not None:
        return  # whoever was asked about it then has answered
    if live.repeats is not None and live.repeats.first is None:
        return  # so has whoever raised the original
    tripped = non_finite(live.training.network, live.training.step, numbers)
    if tripped is not None:
        live.say(tripped)
        live.pause("guard")


def _save_when_due(live: LiveRun) -> None:
    evaluated = live.evaluated_at == live.training.step  # such a checkpoint knows its cost
    if evaluated and live.is_best and live.saver.is_best_due():
        live.save("best")
    elif live.saver.is_timer_due(evaluated=evaluated):
        live.save("timer")


def finish(live: LiveRun, ending: StatusChanged) -> None:
    """Leave the last checkpoint and say how the run ended; the journal is complete after this."""
    live.evaluate()
    live.draw(at_once=True)
    live.save("end")
    live.saver.wait()
    live.end_comparison()
    live.say(replace(ending, step=live.training.step))  # a signal may come in mid-step

"""What a run of `counting` must have recorded, worked out again from its changes alone.

None of the product's training code is used; the order of the data is the documented function of
seed and epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from babysit.training.data import epoch_order
from tests.soak.tasks.counting import SIZE

RAMPED = ("learning_rate", "momentum")
Series = dict[str, dict[int, float]]  # name -> step -> value


@dataclass(frozen=True)
class Slope:
    """A value that goes from one number to another over some updates."""

    before: float
    after: float
    start: int
    steps: int
    scale: str

    def at(self, update: int) -> float:
        """The value that this update uses, counted from 1."""
        if update >= self.start + self.steps:
            return self.after
        part = max(0.0, (update - self.start) / self.steps)
        if self.scale == "log10" and self.before > 0 and self.after > 0:
            return float(self.before * (self.after / self.before) ** part)
        if self.scale == "minus_log10_one_minus":
            return float(1 - (1 - self.before) * ((1 - self.after) / (1 - self.before)) ** part)
        return self.before + (self.after - self.before) * part


@dataclass
class State:
    """A run between two updates."""

    step: int
    weight: float
    velocity: float | None
    epoch: int
    index: int
    batch_size: int
    next_batch_size: int
    values: dict[str, Slope] = field(default_factory=dict)


def constant(value: float) -> Slope:
    return Slope(value, value, 0, 0, "linear")


def scale_of(name: str) -> str:
    return {"learning_rate": "log10", "momentum": "minus_log10_one_minus"}[name]


def change(state: State, event: dict[str, Any]) -> list[str]:
    """Carry out what a `changed` event says; what is wrong with it."""
    wrong = []
    step, over = event["step"], event["over_steps"] or 0
    for name in RAMPED:
        if name in event["values"]:
            value = float(event["values"][name])
            start = state.values[name].at(step + 1)
            is_slope = over >= 2 and start != value
            slope = Slope(start, value, step, over, scale_of(name)) if is_slope else constant(value)
            state.values[name] = slope
            if event["after"][name] != slope.at(step + 1):
                wrong.append(f"command {event['command_id']} read back {event['after'][name]}")
    if state.values["momentum"].at(step + 1) == 0:
        state.velocity = None  # at once: also when momentum comes back before the next update
    if "batch_size" in event["values"]:
        size = int(event["values"]["batch_size"])
        waits = 0
        if state.index and event["effective_step"] > step + 1:
            waits = updates_left(state)
        else:
            state.batch_size = size
        state.next_batch_size = size
        if event["effective_step"] != step + waits + 1:
            wrong.append(f"command {event['command_id']}: batch size from another step on")
    return wrong


def updates_left(state: State) -> int:
    """In this epoch."""
    full, rest = divmod(SIZE - state.index, state.batch_size)
    return full + (rest > 1 or (rest == 1 and (state.batch_size == 1 or state.index == 0)))


def recompute(
    start: State, seed: int, changes: list[dict[str, Any]], last: int
) -> tuple[Series, dict[int, State], list[str]]:
    """What must have been recorded up to an update, the state after each, and wrong changes."""
    state, wrong = replace(start, values=dict(start.values)), list[str]()
    found: Series = {name: {} for name in ("train/cost", "val/cost", *RAMPED)}
    found["val/cost"][state.step] = state.weight
    states = {state.step: replace(state)}
    sums, waiting = sums_of(seed, state.epoch), list(changes)
    weight = torch.tensor(state.weight, dtype=torch.float64)
    for update in range(start.step + 1, last + 1):
        while waiting and waiting[0]["step"] < update:
            wrong += change(state, waiting.pop(0))
        left = SIZE - state.index
        if left == 0 or (left == 1 and state.batch_size > 1 and state.index > 0):
            state.epoch, state.index = state.epoch + 1, 0
            state.batch_size, sums = state.next_batch_size, sums_of(seed, state.epoch)
        end = state.index + min(state.batch_size, SIZE - state.index)
        mean = float(sums[end] - sums[state.index]) / (end - state.index)
        rate, momentum = (state.values[name].at(update) for name in RAMPED)
        found["train/cost"][update] = state.weight + mean
        found["learning_rate"][update], found["momentum"][update] = rate, momentum

        if momentum == 0:
            state.velocity, moved = None, 1.0
        else:
            velocity = state.velocity
            state.velocity = moved = 1.0 if velocity is None else velocity * momentum + 1.0
        # by torch, since a machine may round the product and the sum at once
        weight.add_(torch.tensor(moved, dtype=torch.float64), alpha=-rate)
        state.weight, state.index, state.step = float(weight), end, update
        found["val/cost"][update] = state.weight
        states[update] = replace(state, values=dict(state.values))
    return found, states, wrong


def sums_of(seed: int, epoch: int) -> Any:
    """(SIZE + 1,) sums of the first numbers of an epoch, in its order."""
    return np.concatenate([[0], np.cumsum(epoch_order(seed, epoch, SIZE).numpy())])

"""Puts a training back, in place, to a state between two steps that it was in shortly before."""

from __future__ import annotations

from typing import Any

import torch
from torch.optim import Optimizer

from babysit.training.checkpoint import Snapshot, restore_random
from babysit.training.controls import Controls
from babysit.training.data import Position
from babysit.training.guards.divergence import DivergenceGuard
from babysit.training.optimizer import group_options, load_state_tensors
from babysit.training.state import Training
from babysit.training.user_code.saved_state import extra_of_state_dict, load


def roll_back(training: Training, snapshot: Snapshot) -> None:
    """Make the training what it was when the snapshot was taken of it, as a whole one.

    Unlike `restore` it builds nothing: there may be no memory for a second network.
    """
    state = snapshot.state
    training.optimizer.zero_grad(set_to_none=True)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.empty_cache()
    held = {**snapshot.model, **extra_of_state_dict(snapshot, training.device)}
    training.network.load_state_dict(held, strict=not training.lost_state)
    load(training.user_state, snapshot, training.device)
    _roll_back_controls(training.controls, state)
    _write_options(training, state["optimizer_values"])
    training.optimizer.state.clear()
    load_state_tensors(training.optimizer, training.parameter_names, snapshot.optimizer)
    training.batches.move_to(Position(**state["position"]))
    training.divergence = DivergenceGuard.from_json(state["divergence"])
    training.step = int(state["step"])
    restore_random(snapshot.random)


def _roll_back_controls(controls: Controls, state: dict[str, Any]) -> None:
    then = Controls.from_json(controls.declared, state)
    controls.values, controls.schedule = dict(then.values), then.schedule
    controls.ramps, controls.scheduled = then.ramps, then.scheduled


def _write_options(training: Training, used: dict[str, Any]) -> None:
    """What the last update used: the state that goes with it is put back, not rescaled."""
    options = group_options({**training.controls.values, **used})
    optimizer: Optimizer = training.optimizer
    for group in optimizer.param_groups:
        group.update(options)

"""Calls a script's own function to evaluate, without a trace in the training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from babysit.attached.state.seeding import generators_seeded
from babysit.attached.state.training import ScriptTraining


def evaluate_apart(training: ScriptTraining, function: Callable[[], Any]) -> Any:
    """What the function returns. Its random numbers and its modes leave no trace."""
    modules = [
        module for network in training.parts.modules().values() for module in network.modules()
    ]
    modes = [module.training for module in modules]
    try:
        with generators_seeded(training.seed), torch.no_grad():
            return function()
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode

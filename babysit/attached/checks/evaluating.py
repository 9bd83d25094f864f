"""Calls a script's function to evaluate, so that the training goes on as if nobody had."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from babysit.attached.state.module_part import ModulePart
from babysit.attached.state.seeding import generators_seeded
from babysit.attached.state.training import ScriptTraining
from babysit.training.copies import copied


@contextlib.contextmanager
def without_trace(training: ScriptTraining) -> Iterator[None]:
    """Random numbers, modes and plain attributes of modules, buffers such as the statistics of
    BatchNorm, and kept values are afterwards as they were.
    """
    modules = [
        module for network in training.parts.modules().values() for module in network.modules()
    ]
    modes = [(module, module.training) for module in modules]
    buffers = [
        (buffer, buffer.detach().clone())
        for module in modules
        for buffer in module._buffers.values()
        if buffer is not None
    ]
    kept, tensors, _ = training.kept.capture()
    tensors = copied(tensors)
    plain = contextlib.ExitStack()
    for part in training.parts.by_name.values():
        if isinstance(part, ModulePart):
            plain.enter_context(part.plain.unchanged())
    try:
        with plain, generators_seeded(training.seed), torch.no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode
        with torch.no_grad():
            for buffer, value in buffers:
                buffer.copy_(value)
        training.kept.restore(kept, tensors)

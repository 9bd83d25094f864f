"""Leaves a training as it was, whatever is looked at in between."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import nn

from babysit.training.data import KeptGenerators


@contextlib.contextmanager
def evaluation_mode(network: nn.Module) -> Iterator[None]:
    """A block in which the network is in evaluation mode and no gradient is recorded.

    Afterwards every module is in the mode in which it was, so a part that `build` has frozen stays
    frozen. Buffers, gradients and the generators of torch, numpy and python are as before.
    """
    modes = [(module, module.training) for module in network.modules()]
    buffers = [
        (module, name, buffer, buffer.detach().clone(), buffer._version)
        for module in network.modules()
        for name, buffer in module._buffers.items()
        if buffer is not None
    ]
    gradients = [(parameter, parameter.grad) for parameter in network.parameters()]
    with KeptGenerators(), torch.no_grad():
        try:
            network.eval()
            yield
        finally:
            for module, mode in modes:
                module.training = mode  # `train()` may be the task's own, and sets all below it
            for module, name, buffer, value, version in buffers:
                module._buffers[name] = buffer
                if buffer._version != version:
                    buffer.copy_(value)
            for parameter, gradient in gradients:
                parameter.grad = gradient

"""Reads and sets the probability of a network's `nn.Dropout` modules."""

from __future__ import annotations

from torch import nn
from torch.nn.modules.dropout import _DropoutNd


def dropout_modules(network: nn.Module) -> list[_DropoutNd]:
    return [module for module in network.modules() if isinstance(module, _DropoutNd)]


def set_dropout(network: nn.Module, part: float) -> None:
    for module in dropout_modules(network):
        module.p = part

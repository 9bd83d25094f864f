"""The dropout rate of a network: which of its `nn.Dropout` modules follow the hyperparameter."""

from __future__ import annotations

from collections.abc import Collection

from torch import nn
from torch.nn.modules.dropout import _DropoutNd


def dropout_modules(network: nn.Module) -> dict[str, _DropoutNd]:
    """All modules of the network that have a dropout rate, by name."""
    return {n: module for n, module in network.named_modules() if isinstance(module, _DropoutNd)}


def set_dropout(network: nn.Module, names: Collection[str], rate: float) -> None:
    for name, module in dropout_modules(network).items():
        if name in names:
            module.p = rate


def steer_dropout(network: nn.Module, rate: float) -> tuple[list[str], list[str]]:
    """Give the modules that follow the hyperparameter `dropout` its rate.

    network: just built for this rate. The modules with this rate follow it. One with another rate
        keeps its own, unless no module has this rate: then `build` left all to the hyperparameter.

    Returns:
        The names of the modules that follow it, and what should be said about others.
    """
    modules = dropout_modules(network)
    others = sorted({module.p for module in modules.values()} - {rate})
    names = [name for name, module in modules.items() if module.p == rate] or list(modules)
    set_dropout(network, names, rate)
    if not others:
        return names, []
    rates = ", ".join(f"{other:g}" for other in others)
    kept = len(modules) - len(names)
    if kept:
        said = f"The nn.Dropout modules that build gave another rate ({rates}) keep it."
    else:
        said = f"The hyperparameter dropout ({rate:g}) replaces the rate that build gave: {rates}."
    return names, [said]

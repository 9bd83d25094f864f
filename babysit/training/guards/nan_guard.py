"""Stops a training from going on with numbers that are none."""

from __future__ import annotations

import math
from itertools import chain

import torch
from torch import nn

from babysit.protocol.events import GuardTripped
from babysit.storage.journal import to_jsonable


def non_finite(network: nn.Module, step: int, values: dict[str, float]) -> GuardTripped | None:
    """Says which value of update `step` is not finite, if one is; that update was not made.

    values: series name -> value, the cost first.
    """
    for series, value in values.items():
        if not math.isfinite(value):
            word = "NaN" if math.isnan(value) else "infinite"
            what = "cost" if series == "train/cost" else "gradient"
            held = chain(network.parameters(), network.buffers())
            all_finite = all(map(_is_finite, held))
            weights = (
                f"The weights of step {step - 1:,} are intact."
                if all_finite
                else "The network holds bad numbers now: rewind to an earlier checkpoint."
            )
            message = (
                f"Training paused at step {step:,}: the {what} became {word}. "
                f"That update was skipped. {weights}"
            )
            return GuardTripped(
                step=step,
                rule="non_finite",
                series=series,
                value=to_jsonable(value),
                message=message,
            )
    return None


def _is_finite(tensor: torch.Tensor) -> bool:
    """Whether it holds numbers alone; what cannot be asked (a quantized tensor) is believed."""
    try:
        return bool(torch.isfinite(tensor).all())
    except RuntimeError:
        return True

"""What was captured of the parts of a training: JSON and tensors, never pickle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from babysit.training.user_code.encoding import Encoder, NotEncodable, decode


@dataclass(slots=True)
class PartState:
    """What was captured. The tensors are the training's own, not copies.

    model: tensors of networks. optimizer: tensors of optimizers. extra: all other tensors.
    body: part name -> JSON. lost: what could not be captured, in words.
    """

    model: dict[str, Tensor] = field(default_factory=dict)
    optimizer: dict[str, Tensor] = field(default_factory=dict)
    extra: dict[str, Tensor] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)


def encoded(name: str, state: Mapping[Any, Any], into: PartState) -> dict[str, Any]:
    """JSON of a mapping, key by key: what cannot be encoded does not take the rest with it."""
    pairs = []
    for number, (key, value) in enumerate(state.items()):
        encoder = Encoder()
        try:
            pair = [encoder.encode(key, "key"), encoder.encode(value, f"{name}/{number}")]
        except NotEncodable as error:
            into.lost.append(f"{name}: {key!r} cannot be saved ({error})")
            continue
        into.extra |= encoder.tensors
        pairs.append(pair)
    return {"pairs": pairs}


def decoded(body: dict[str, Any], tensors: dict[str, Tensor]) -> dict[Any, Any]:
    return {
        decode(key, tensors, "cuda"): decode(value, tensors, "cuda") for key, value in body["pairs"]
    }

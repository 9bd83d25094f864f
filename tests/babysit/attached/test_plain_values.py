"""Plain attributes of networks, and gradients that are sparse, are a part of the state."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from babysit.attached.checks.evaluating import without_trace
from babysit.attached.state.part_state import PartState
from babysit.attached.state.parts import Parts
from babysit.attached.state.training import ScriptTraining


class Gate(nn.Module):
    def __init__(self, value: Any = 1.0, dropout: float = 0.1) -> None:
        super().__init__()
        self.inner = nn.Linear(2, 2)
        self.dropout = nn.Dropout(dropout)
        self.value = value
        self.weights = [self.inner.weight]  # refers to a parameter
        self.view = self.inner.weight.detach()[0]


CHANGES: list[tuple[Any, Any]] = [  # before, after
    (1.0, 0.1 + 0.2),
    (0, 7),
    (None, "warm"),
    ([1], [1, 2.5]),
    ({"a": 1}, {"a": 2, "b": (3,)}),
    (deque([1], maxlen=3), deque([1, 2], maxlen=3)),
    (torch.zeros(2), torch.ones(2)),
    (np.zeros(2), np.ones(3)),
]


def captured(parts: Parts) -> PartState:
    state = parts.capture()
    for held in (state.model, state.extra):
        held |= {name: item.clone() for name, item in held.items()}
    return state


def parts_of(net: nn.Module) -> Parts:
    parts = Parts()
    parts.add("model", net)
    return parts


@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_an_attribute_that_the_training_has_changed_comes_back(number: int) -> None:
    before, after = CHANGES[number]
    net = Gate(before)
    parts = parts_of(net)
    parts.capture()
    net.value = after
    state = captured(parts)

    again = Gate(before)
    assert parts_of(again).restore(state) == []

    assert repr(again.value) == repr(after)
    assert again.weights[0] is again.inner.weight
    assert again.view.data_ptr() == again.inner.weight.data_ptr()


def test_what_was_not_changed_stays_as_a_fork_builds_it() -> None:
    net = Gate(1.0, dropout=0.1)
    parts = parts_of(net)
    parts.capture()
    net.value = 0.5
    state = captured(parts)

    fork = Gate(1.0, dropout=0.4)
    parts_of(fork).restore(state)

    assert (fork.value, fork.dropout.p) == (0.5, 0.4)


def test_an_evaluation_leaves_no_trace_in_attributes() -> None:
    net = Gate([1])
    training = ScriptTraining(seed=1, made_with={})
    training.parts.add("model", net)
    held = net.value

    with without_trace(training):
        net.value.append(2)
        net.dropout.p = 0.9

    assert net.value is held
    assert (net.value, net.dropout.p) == ([1], 0.1)


def test_a_sparse_gradient_inside_an_accumulation_comes_back() -> None:
    net = nn.Embedding(5, 2, sparse=True)
    net(torch.tensor([1, 3, 1])).sum().backward()
    state = captured(parts_of(net))

    again = nn.Embedding(5, 2, sparse=True)
    parts_of(again).restore(state)

    assert net.weight.grad is not None
    assert again.weight.grad is not None
    assert again.weight.grad.is_sparse
    assert torch.equal(again.weight.grad._indices(), net.weight.grad._indices())
    assert torch.equal(again.weight.grad.to_dense(), net.weight.grad.to_dense())

"""What is found by looking at the values of a loop between two turns."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from babysit.attached.checks.exactness import LOOKS, CarriedCheck
from babysit.attached.recording import Recording
from babysit.attached.run import Run
from babysit.attached.state.training import ScriptTraining


class Trainer:
    """As people write them: it holds all that is attached, and some that is not."""

    def __init__(self) -> None:
        self.net = nn.Linear(2, 1)
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1)
        self.run = Run(Recording(ScriptTraining(seed=1, made_with={}), None))
        self.count, self.losses, self.width = 0, list[float](), 4

    def turn(self) -> None:
        self.net(torch.ones(2)).sum().backward()
        self.optimizer.step()
        self.count += 1
        self.losses.append(0.5)


def changed(turn: Callable[[], None], subject: Any, known: set[int]) -> list[str]:
    """What is said of `subject` after the first turns."""
    check, found = CarriedCheck(), None
    for _ in range(LOOKS):
        turn()
        found = check.look(sys._getframe(), known)
    assert found is not None
    return [name for name in found if name.startswith("subject")]


def test_attributes_of_an_object_of_the_script_are_named_one_by_one() -> None:
    trainer = Trainer()
    known = {id(trainer.net), id(trainer.optimizer)}

    found = changed(trainer.turn, trainer, known=known)

    assert found == ["subject.count", "subject.losses"]


def test_a_dict_of_what_is_attached_is_no_alarm() -> None:
    net = nn.Linear(2, 1)
    optimizers = {item: torch.optim.Adam([item]) for item in net.parameters()}

    def turn() -> None:
        net(torch.ones(2)).sum().backward()
        for optimizer in optimizers.values():
            optimizer.step()

    known = {id(item) for item in optimizers.values()}
    assert changed(turn, optimizers, known=known) == []

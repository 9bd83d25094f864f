"""What is steered: a training of a task, or one of a script of somebody's own."""

from __future__ import annotations

from typing import Protocol

from babysit.training.best import Best
from babysit.training.checkpoint import Snapshot
from babysit.training.controls import ScheduledChange
from babysit.training.copies import KeptMemory
from babysit.training.guards.divergence import DivergenceGuard


class SteeredControls(Protocol):
    """The settings part of a run's state. scheduled: changes that wait for their step."""

    scheduled: list[ScheduledChange]

    def due(self, step: int) -> list[ScheduledChange]: ...

    def forget(self, command_id: int) -> bool: ...


class SteeredTraining(Protocol):
    """What a session needs to know of the training in its hands."""

    step: int
    steps: int
    last_command_id: int
    lost_state: list[str]
    best: Best
    divergence: DivergenceGuard

    @property
    def controls(self) -> SteeredControls: ...

    def snapshot(self, memory: KeptMemory | None = None) -> Snapshot: ...

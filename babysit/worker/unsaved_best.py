"""The best state of a training so far, as long as it is only in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from babysit.protocol.objective import VAL_COST, Objective
from babysit.training.checkpoint import Snapshot
from babysit.worker.checkpoint_writer import Saver


@dataclass(frozen=True, slots=True)
class UnsavedBest:
    """The state with the best value of the objective so far, until it is on the disk.

    measured: what its evaluation gave, by series.
    taken_at: in monotonic seconds. copied_s: how long the training stood still for it.
    """

    snapshot: Snapshot
    version: int
    objective: Objective
    measured: Mapping[str, float]
    taken_at: float
    copied_s: float

    def is_at(self, step: int, version: int) -> bool:
        """Whether it is the state of this step, with these settings."""
        return (self.snapshot.state["step"], self.version) == (step, version)

    def save(self, saver: Saver) -> None:
        saver.save(
            self.snapshot,
            "best",
            version=self.version,
            val_cost=self.measured.get(VAL_COST),
            objective_value=self.objective.beside_cost(self.measured),
            copied_s=self.copied_s,
            taken_at=self.taken_at,
        )

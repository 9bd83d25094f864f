"""Compares a fork without changes with its parent, which made the same steps before."""

from __future__ import annotations

from pathlib import Path

from babysit.protocol.events import Exactness
from babysit.protocol.spec.run_spec import RunSpec
from babysit.resume.history import are_equal, read_history
from babysit.training.state import Training

COMPARED_STEPS = 200  # at most


class ForkCheck:
    """The costs of the parent that the fork must repeat to the last bit."""

    def __init__(self, from_step: int, costs: dict[int, float], version: int) -> None:
        """costs: step -> cost. version: of the settings; a change by hand ends the comparison."""
        self.until = max(costs)
        self._from_step = from_step
        self._costs = costs
        self._version = version

    def compare(self, step: int, cost: float, version: int) -> Exactness | None:
        """What can be said after this step: that all was equal, or where it first differs."""
        if version != self._version:
            return self._said(step - 1)
        recorded = self._costs.get(step)
        if recorded is not None and not are_equal(recorded, cost):
            reason = (
                f"Forked from step {self._from_step:,} without a change, it differs from its "
                f"parent at step {step:,}: the cost is {cost!r} instead of {recorded!r}."
            )
            return Exactness(step=step, level="approximate", reasons=[reason])
        return self._said(step) if step >= self.until else None

    def _said(self, step: int) -> Exactness:
        return Exactness(step=step, level="exact", proved_at_step=step)


def fork_check(spec: RunSpec, run_directory: Path, training: Training) -> ForkCheck | None:
    """What to compare; None if the parent did not make the same steps."""
    if spec.parent is None or spec.values or training.differs:
        return None
    step = training.step
    parent = run_directory.parent / str(spec.parent["run_id"])
    attempts = len(list(parent.glob("attempt-*.journal")))
    history = read_history(parent, attempts + 1)
    changes = [
        place.step
        for command_id, place in history.carried_out.items()
        if place.step > step or (place.step == step and command_id > training.parent_command_id)
    ]
    until = min([*changes, step + COMPARED_STEPS])
    costs = {at: cost for at, cost in history.costs.items() if step < at <= until}
    return ForkCheck(step, costs, 0) if costs else None

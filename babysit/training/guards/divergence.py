"""Notices that a cost has blown up, though it is still a number."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from babysit.protocol.events import GuardTripped

# Few healthy trainings come here: those whose first updates are much too large, and that heal.
# A cost that rises slowly may be meant to: a term of it is warmed up, or the examples get harder.
WEIGHT = 0.9  # of what was, in the average of the cost
FACTOR_MAX = 3.0  # times the first cost, if it has risen that far within ...
RISE_STEPS_MAX = 25
SLOW_FACTOR_MAX = 30.0  # times the first cost, however slowly it has risen
STEPS = 10  # in a row


@dataclass(slots=True)
class DivergenceGuard:
    """Compares the average of the cost with the cost before the first update of the root run.

    first_cost: infinite where it is not known; then, as for a cost that starts at 0 or below it,
        nothing is compared.
    factor_max: of a cost that rises fast. Costs of scripts may begin near 0, as in reinforcement
        learning, and rise for good reasons.
    is_armed: after it has tripped, not before the average is below the first cost again: whoever
        continues has decided.
    """

    first_cost: float | None = None
    average: float = 0.0
    weight: float = 0.0  # of all costs so far in `average`; without it the average begins at 0
    steps_not_below: int = 0  # since the average was not above the first cost
    steps_above: int = 0  # since it was not above FACTOR_MAX times that cost
    steps_far_above: int = 0
    is_armed: bool = True
    factor_max: float = FACTOR_MAX

    @property
    def level(self) -> float:
        """The average of the cost, over about 10 steps."""
        return self.average / self.weight if self.weight else math.nan

    def update(self, cost: float) -> bool:
        """Take the finite cost of the next update. Returns: whether it has just blown up."""
        if self.first_cost is None:
            self.first_cost = cost
        self.average = WEIGHT * self.average + (1 - WEIGHT) * cost
        self.weight = WEIGHT * self.weight + (1 - WEIGHT)
        level, first = self.average / self.weight, max(self.first_cost, 0.0)
        if level <= first:
            self.is_armed = True
        times = level / first if first else 0.0
        self.steps_not_below = self.steps_not_below + 1 if times > 1 else 0
        self.steps_above = self.steps_above + 1 if times > self.factor_max else 0
        self.steps_far_above = self.steps_far_above + 1 if times > SLOW_FACTOR_MAX else 0
        is_sudden = self.steps_not_below - self.steps_above < RISE_STEPS_MAX
        has_diverged = (self.steps_above >= STEPS and is_sudden) or self.steps_far_above >= STEPS
        if not has_diverged or not self.is_armed:
            return False
        self.is_armed = False
        return True

    def tripped(self, step: int) -> GuardTripped:
        times = self.level / (self.first_cost or math.nan)
        message = (
            f"Training paused at step {step:,}: the cost is {times:,.3g} times its starting value."
        )
        return GuardTripped(
            step=step, rule="diverged", series="train/cost", value=self.level, message=message
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, state: dict[str, Any] | None) -> DivergenceGuard:
        """None: the checkpoint is of a version without the guard."""
        return cls(first_cost=math.inf) if state is None else cls(**state)

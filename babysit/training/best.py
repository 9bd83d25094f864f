"""The best value of the objective that a training has had so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from babysit.protocol.objective import DEFAULT, Objective
from babysit.storage.journal import parse_float


@dataclass(slots=True)
class Best:
    """value: None before the first value that can be best. step: where it was measured."""

    objective: Objective = DEFAULT
    value: float | None = None
    step: int = 0

    def note(self, value: float, step: int) -> bool:
        """Take a measurement in; whether it is the best so far."""
        is_best = self.objective.is_better(value, self.value)
        if is_best:
            self.value, self.step = value, step
        return is_best

    def to_json(self) -> dict[str, Any]:
        """As the state of a checkpoint holds it."""
        if self.objective == DEFAULT:
            return {"val_cost": self.value, "step": self.step}
        return {"value": self.value, "step": self.step, **self.objective.fields}

    def take_over(self, stored: dict[str, Any]) -> None:
        """Go on from what a checkpoint holds, if that is the best of the same objective."""
        value = stored.get("val_cost", stored.get("value"))
        objective = Objective.of(stored.get("objective"), stored.get("mode"))
        if value is not None and objective == self.objective:
            self.value, self.step = parse_float(value), int(stored["step"])

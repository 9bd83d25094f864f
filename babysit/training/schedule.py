"""Learning-rate schedules and ramps as pure functions of the step; nothing here has state.

lr(t) = base(t) · schedule(t) · ramp(t): *base* is what a person sets, *schedule* the chosen decay,
*ramp* a short passage from one value to the next. No `torch.optim.lr_scheduler` is used: four of
them silently overwrite a value that was set by hand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from babysit.protocol.hyperparameters import ENDING_SCHEDULES, STANDARD, Scale
from babysit.protocol.values import Values

ONE_CYCLE_START = 1 / 25  # of the base; Smith & Topin, arXiv 1708.07120, and fast.ai use the same
SCHEDULE_KEYS = (
    "schedule",
    "decay_rate",
    "decay_steps",
    "schedule_steps",
    "final_factor",
    "warmup_fraction",
)

FRESH_STATE_RAMP_STEPS = 50  # Adam without its moments makes first updates 3 to 8 times too large


@dataclass(frozen=True, slots=True)
class Schedule:
    """One learning-rate schedule, begun after `start` updates.

    length: updates until it ends (cosine, one_cycle); at least 1.
    """

    kind: str
    start: int
    length: int
    decay_rate: float
    decay_steps: int
    final_factor: float
    warmup_fraction: float

    @classmethod
    def begun(cls, values: Values, *, start: int, last_step: int) -> Schedule:
        """The schedule that `values` describe, begun now; length 0 means up to the last step."""
        kind = str(values["schedule"])
        ends = kind in ENDING_SCHEDULES
        return cls(
            kind=kind,
            start=start,
            length=max(1, int(values["schedule_steps"]) or last_step - start) if ends else 1,
            decay_rate=float(values["decay_rate"]),
            decay_steps=int(values["decay_steps"]),
            final_factor=float(values["final_factor"]),
            warmup_fraction=float(values["warmup_fraction"]),
        )

    def moved_to(self, last_step: int, values: Values, *, step: int) -> tuple[Schedule, list[str]]:
        """The schedule with its end at another last step, if it lasts to the end of the run.

        Returns:
            The schedule in force from update `step` + 1 on, and what has to be said about it.
        """
        if self.kind not in ENDING_SCHEDULES or int(values["schedule_steps"]):
            return self, []
        moved = replace(self, length=max(1, last_step - self.start))
        if moved == self:
            return self, []
        said = (
            f"The schedule {self.kind} lasts to the end of the run, so it now ends at step "
            f"{moved.start + moved.length:,} instead of {self.start + self.length:,}."
        )
        before, after = self.factor(step), moved.factor(step)
        if before != after:
            said += f" Here it multiplies the base learning rate by {after:.4g}, not {before:.4g}."
        return moved, [said]

    def factor(self, step: int) -> float:
        """What the base learning rate is multiplied with in update `step` + 1."""
        t = max(0, step - self.start)
        done = min(1.0, t / self.length)
        match self.kind:
            case "constant":
                return 1.0
            case "step":
                return float(self.decay_rate ** (t // self.decay_steps))
            case "exponential":
                return float(self.decay_rate ** (t / self.decay_steps))
            case "cosine":
                return _cosine(1.0, self.final_factor, done)
            case "one_cycle":
                if done < self.warmup_fraction:
                    return _cosine(ONE_CYCLE_START, 1.0, done / self.warmup_fraction)
                rest = (done - self.warmup_fraction) / (1.0 - self.warmup_fraction)
                return _cosine(1.0, self.final_factor, rest)
        raise ValueError(f"unknown schedule {self.kind!r}")


def _cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * part)) / 2


@dataclass(frozen=True, slots=True)
class Ramp:
    """A passage of one value from `before` to `after`, over `steps` updates from `start` on.

    The first update after the change already moves; update `start + steps` uses `after`.
    """

    before: float
    after: float
    start: int
    steps: int
    scale: Scale

    def is_over(self, step: int) -> bool:
        """Whether update `step` + 1 uses the full new value."""
        return step + 1 >= self.start + self.steps

    def at(self, step: int) -> float:
        """The value in update `step` + 1."""
        if self.is_over(step):
            return self.after
        part = max(0.0, (step + 1 - self.start) / self.steps)
        return between(self.before, self.after, part, self.scale)


def between(before: float, after: float, part: float, scale: Scale) -> float:
    """The value `part` of the way from one to the other, evenly on the scale."""
    if scale in ("log10", "log2") and before > 0 and after > 0:
        return float(before * (after / before) ** part)
    if scale == "minus_log10_one_minus" and before < 1 and after < 1:
        return float(1 - (1 - before) * ((1 - after) / (1 - before)) ** part)
    return before + (after - before) * part


def scale_of(name: str) -> Scale:
    """On which scale a standard hyperparameter is ramped."""
    return STANDARD[name].scale if name in STANDARD else "linear"


def ease_in(values: Values, ramps: dict[str, Ramp], step: int) -> list[str]:
    """Without its state an optimizer of Adam's kind steps too far at first: start small."""
    if values["optimizer"] == "sgd":
        return []
    rate = float(values["learning_rate"])
    part = rate / FRESH_STATE_RAMP_STEPS
    ramps["learning_rate"] = Ramp(part, rate, step, FRESH_STATE_RAMP_STEPS, "linear")
    said = (
        f"The optimizer starts without its state: the learning rate rises over "
        f"{FRESH_STATE_RAMP_STEPS} steps."
    )
    return [said]

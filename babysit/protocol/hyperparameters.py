"""The hyperparameters, declared once: for validation, the page's controls, search and the docs.

Tiers say how much a hyperparameter matters: 1 the learning rate; 2 momentum, mini-batch size,
hidden units; 3 layers, decay, Adam's constants and the rest. The page shows them in this order.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, TypeAlias

from babysit.protocol.values import Value, Values

Kind: TypeAlias = Literal["float", "int", "bool", "choice"]
Scale: TypeAlias = Literal["linear", "log10", "log2", "minus_log10_one_minus"]
When: TypeAlias = Literal["live", "next_epoch", "fork"]

OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop")
SCHEDULES = ("constant", "step", "exponential", "cosine", "one_cycle")
ENDING_SCHEDULES = ("cosine", "one_cycle")  # the others do not know how long a run is
LEARNING_RATE_MAX = 10.0
INT_MAX = 2**53


class InvalidValue(ValueError):
    """A value that cannot be used, with the values that can.

    name: the hyperparameter.
    allowed: the choices, or [low, high], or None.
    """

    def __init__(self, name: str, message: str, allowed: list[Value] | None = None) -> None:
        super().__init__(message)
        self.name = name
        self.message = message
        self.allowed = allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperparameter:
    """A hyperparameter: its bounds, its scale, and when it can change.

    scale: how its values are spread; for the slider, the ramps and the search.
    low, high: the bounds of a number. `high_included` is False for momenta, which stay below 1.
    when: live (from the next update), next_epoch, or fork (only a fork can change it).
    optimizers, schedules: it has an effect only with these; None: with all.
    relative: a change may also multiply what the script's code says, or release it again.
    """

    name: str
    label: str
    tier: Literal[1, 2, 3]
    default: Value
    symbol: str = ""
    kind: Kind = "float"
    scale: Scale = "linear"
    low: float = 0.0
    high: float = math.inf
    low_included: bool = True
    high_included: bool = True
    choices: tuple[str, ...] = ()
    unit: str = ""
    when: When = "live"
    help: str = ""
    optimizers: tuple[str, ...] | None = None
    schedules: tuple[str, ...] | None = None
    relative: bool = False

    def but(self, **changes: Any) -> Hyperparameter:
        """A copy with some declarations changed, e.g. another default or narrower bounds."""
        return replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def check(self, value: object) -> Value:
        """The value, converted to its type.

        Raises:
            InvalidValue: wrong type, not finite, or out of bounds.
        """
        if self.kind == "bool":
            if not isinstance(value, bool):
                raise InvalidValue(self.name, f"{self.label} is true or false.", [False, True])
            return value
        if self.kind == "choice":
            if not isinstance(value, str) or value not in self.choices:
                wanted = ", ".join(self.choices)
                message = f"{self.label} must be one of: {wanted}."
                raise InvalidValue(self.name, message, list(self.choices))
            return value
        return self._check_number(value)

    def _check_number(self, value: object) -> float | int:
        bounds: list[Value] = [self.low, self.high]
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            kind = "a whole number" if self.kind == "int" else "a number"
            message = f"{self.label} must be {kind} {self._bounds_text()}."
            raise InvalidValue(self.name, message, bounds)
        if isinstance(value, float) and not math.isfinite(value):
            message = f"{self.label} must be a finite number {self._bounds_text()}."
            raise InvalidValue(self.name, message, bounds)
        if not self._within(value):
            raise InvalidValue(self.name, self._out_of_bounds(value), bounds)
        if self.kind == "int":
            if value != int(value):
                message = f"{self.label} must be a whole number, {value:g} is not."
                raise InvalidValue(self.name, message, bounds)
            return int(value)
        try:
            return float(value)
        except OverflowError as error:  # a whole number beyond all floats
            message = f"{self.label} must be a finite number {self._bounds_text()}."
            raise InvalidValue(self.name, message, bounds) from error

    def _within(self, value: float) -> bool:
        above = value >= self.low if self.low_included else value > self.low
        below = value <= self.high if self.high_included else value < self.high
        return above and below

    def _bounds_text(self) -> str:
        if math.isinf(self.high):
            return f"{'from' if self.low_included else 'above'} {self.low:g}"
        if self.low_included:
            return f"from {self.low:g} to {'' if self.high_included else 'below '}{self.high:g}"
        return (
            f"above {self.low:g} and {'at most' if self.high_included else 'below'} {self.high:g}"
        )

    def _out_of_bounds(self, value: float) -> str:
        text = f"{value:g}" if abs(value) < 1e15 else "That"
        if self.name in ("learning_rate", "base_learning_rate"):
            if value <= 0:
                return "The learning rate must be above 0. To stop learning, pause the run."
            return f"{text} is above the limit of {self.high:g}."
        if self.name in ("momentum", "beta1", "beta2") and value >= 1:
            return f"{self.label} must be below 1. At 1 old gradients would never fade."
        if self.name == "batch_size" and value > self.high:
            return (
                f"Batch size {value:,.0f} is larger than the training set ({self.high:,.0f}). "
                f"Largest allowed: {self.high:,.0f}."
            )
        return f"{self.label} must be {self._bounds_text()}; {text} is not."


STANDARD: dict[str, Hyperparameter] = {
    item.name: item
    for item in (
        Hyperparameter(
            name="learning_rate", label="Learning rate", symbol="α", tier=1, default=0.01,
            scale="log10", low=0.0, low_included=False, high=LEARNING_RATE_MAX,
            help="How far each update goes. The one that matters most.",
        ),
        Hyperparameter(
            name="momentum", label="Momentum", symbol="β", tier=2, default=0.9,
            scale="minus_log10_one_minus", low=0.0, high=1.0, high_included=False,
            optimizers=("sgd", "rmsprop"),
            help="How much of the last update carries over; averages over about 1/(1−β) steps.",
        ),
        Hyperparameter(
            name="batch_size", label="Mini-batch size", tier=2, default=32, kind="int",
            scale="log2", low=1, high=INT_MAX, unit="examples", when="next_epoch",
            help="Examples per update. Larger batches give calmer gradients.",
        ),
        Hyperparameter(
            name="hidden_units", label="Hidden units", tier=2, default=32, kind="int",
            scale="log2", low=1, high=8192, unit="units", when="fork",
            help="Width of the hidden layers.",
        ),
        Hyperparameter(
            name="layers", label="Layers", tier=3, default=2, kind="int", low=1, high=64,
            when="fork", help="Number of hidden layers.",
        ),
        Hyperparameter(
            name="optimizer", label="Optimizer", tier=3, default="sgd", kind="choice",
            choices=OPTIMIZERS, when="fork", help="The update rule.",
        ),
        Hyperparameter(
            name="schedule", label="Learning rate decay", tier=3, default="constant",
            kind="choice", choices=SCHEDULES,
            help="How the learning rate moves by itself, as a function of the step.",
        ),
        Hyperparameter(
            name="decay_rate", label="Decay rate", tier=3, default=0.5, scale="log10",
            low=0.0, low_included=False, high=1.0, schedules=("step", "exponential"),
            help="The factor reached after each `decay steps` updates.",
        ),
        Hyperparameter(
            name="decay_steps", label="Decay steps", tier=3, default=500, kind="int",
            scale="log10", low=1, high=INT_MAX, unit="steps", schedules=("step", "exponential"),
            help="Updates until the decay rate has been applied once.",
        ),
        Hyperparameter(
            name="schedule_steps", label="Schedule length", tier=3, default=0, kind="int",
            low=0, high=INT_MAX, unit="steps", schedules=("cosine", "one_cycle"),
            help="Updates until the schedule reaches its end; 0 means the end of the run.",
        ),
        Hyperparameter(
            name="final_factor", label="Final factor", tier=3, default=0.01, scale="log10",
            low=0.0, high=1.0, schedules=("cosine", "one_cycle"),
            help="What is left of the base learning rate at the end of the schedule.",
        ),
        Hyperparameter(
            name="warmup_fraction", label="Warm-up fraction", tier=3, default=0.3, low=0.0,
            high=0.9, schedules=("one_cycle",),
            help="Part of the schedule in which the learning rate rises to its base.",
        ),
        Hyperparameter(
            name="nesterov", label="Nesterov momentum", tier=3, default=False, kind="bool",
            optimizers=("sgd",), help="Look ahead along the velocity; needs momentum above 0.",
        ),
        Hyperparameter(
            name="beta1", label="Adam β₁", symbol="β₁", tier=3, default=0.9,
            scale="minus_log10_one_minus", low=0.0, high=1.0, high_included=False,
            optimizers=("adam", "adamw"), help="Adam's momentum. Rarely worth changing.",
        ),
        Hyperparameter(
            name="beta2", label="Adam β₂", symbol="β₂", tier=3, default=0.999,
            scale="minus_log10_one_minus", low=0.0, high=1.0, high_included=False,
            optimizers=("adam", "adamw", "rmsprop"),
            help="How slowly the squared gradients are averaged; RMSprop's α.",
        ),
        Hyperparameter(
            name="epsilon", label="Adam ε", symbol="ε", tier=3, default=1e-8, scale="log10",
            low=0.0, low_included=False, high=10.0, optimizers=("adam", "adamw", "rmsprop"),
            help="Keeps the division by small squared gradients finite.",
        ),
        Hyperparameter(
            name="weight_decay", label="Weight decay", symbol="λ", tier=3, default=0.0,
            scale="log10", low=0.0, high=10.0,
            help="Pull towards zero: L2 in the gradient, or lr·λ times the weights with AdamW.",
        ),
        Hyperparameter(
            name="grad_clip", label="Gradient clip", tier=3, default=0.0, scale="log10", low=0.0,
            high=1e6, help="Largest gradient norm that is let through; 0 is off.",
        ),
        Hyperparameter(
            name="dropout", label="Dropout", tier=3, default=0.0, low=0.0, high=0.95,
            help="Part of the units that is silenced in each training step.",
        ),
    )
}  # fmt: skip

# Every task has these. A task declares the others by name.
ALWAYS = (
    "learning_rate", "momentum", "batch_size", "optimizer", "schedule", "decay_rate",
    "decay_steps", "schedule_steps", "final_factor", "warmup_fraction", "nesterov", "beta1",
    "beta2", "epsilon", "weight_decay", "grad_clip",
)  # fmt: skip

# For a live `set` only: the base of the learning rate, which the schedule multiplies.
BASE_LEARNING_RATE = STANDARD["learning_rate"].but(
    name="base_learning_rate", label="Base learning rate"
)

Declared: TypeAlias = Mapping[str, Hyperparameter]


def declare(items: Iterable[str | Hyperparameter], defaults: Values) -> dict[str, Hyperparameter]:
    """All hyperparameters of a task, by name, in the order of their tiers.

    items: names of standard ones beyond `ALWAYS`, or declarations of the task's own.
    defaults: defaults that differ from the standard ones.

    Raises:
        InvalidValue: a default names nothing declared or breaks its bounds.
        KeyError: a name is no standard hyperparameter.
    """
    declared = {name: STANDARD[name] for name in ALWAYS}
    for item in items:
        hyperparameter = STANDARD[item] if isinstance(item, str) else item
        declared[hyperparameter.name] = hyperparameter
    for name, value in defaults.items():
        if name not in declared:
            raise InvalidValue(name, f"A default is given for {name}, which is not declared.")
        declared[name] = declared[name].but(default=declared[name].check(value))
    order = list(STANDARD)
    return dict(
        sorted(
            declared.items(),
            key=lambda pair: (
                pair[1].tier,
                order.index(pair[0]) if pair[0] in STANDARD else len(order),
            ),
        )
    )


def from_json(body: dict[str, Any]) -> Hyperparameter:
    """The declaration that a JSON object stands for."""
    tuples = {"choices", "optimizers", "schedules"}
    values: dict[str, Any] = {
        name: tuple(value) if name in tuples and value is not None else value
        for name, value in body.items()
    }
    for bound in ("low", "high"):
        values[bound] = float(values[bound])  # "Infinity" is how JSON carries it
    return Hyperparameter(**values)

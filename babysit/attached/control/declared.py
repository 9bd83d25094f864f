"""Guesses how an argument of a script is to be steered, by its name and its value.

Tier and scale decide where and how the page shows it; whoever knows better says so with
`babysit.knob`.
"""

from __future__ import annotations

import math
import re

from babysit.protocol.hyperparameters import INT_MAX, STANDARD, Hyperparameter, Kind, Scale

# Names of arguments that say where, how fast or how loudly, not what is trained.
LEFT_OUT = re.compile(
    r"(^|_)(seed|workers?|threads?|path|dir|file|folder|device|rank|port|host|url|gpus?|verbose|"
    r"debug|log|logging|print|plot|save|resume|checkpoint|wandb|tensorboard|name|output|out|"
    r"interval|every|freq|prefetch|pin|cache|download|epochs?|steps?|iters?|iterations?)(_|$)"
)
LEARNING_RATE = re.compile(r"(^|_)(lr|learning_rate|eta)(_|$)")
SECOND_TIER = re.compile(
    r"(^|_)(momentum|batch|batch_size|bs|hidden|width|units|channels|dim|d_model|embed)(_|$)"
)
SMALL, LARGE = 0.02, 100.0  # a float beyond these is on a scale of powers
NEAR_ONE = 0.9
DECADES = 1000.0  # a range on a scale of powers: this much less and more


def guessed(name: str, value: object) -> Hyperparameter | None:
    """How an argument is to be steered; None if it is none that training depends on."""
    lowered = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("-", "_")
    is_rate = LEARNING_RATE.search(lowered) is not None
    if not is_rate and LEFT_OUT.search(lowered):
        return None
    if lowered in STANDARD and _fits(STANDARD[lowered], value):
        item = STANDARD[lowered]
        return item.but(name=name, default=value, optimizers=None, schedules=None)
    if isinstance(value, bool):
        return Hyperparameter(name=name, label=name, tier=3, default=value, kind="bool")
    if not isinstance(value, (int, float)) or not math.isfinite(value) or abs(value) > INT_MAX:
        return None
    tier: int = 1 if is_rate else 2 if SECOND_TIER.search(lowered) else 3
    kind: Kind = "int" if isinstance(value, int) else "float"
    scale, low, high = _range(value, is_rate=is_rate)
    return Hyperparameter(
        name=name,
        label=name,
        tier=tier,  # type: ignore[arg-type]
        default=value,
        kind=kind,
        scale=scale,
        low=low,
        high=high,
        low_included=not (is_rate or scale == "minus_log10_one_minus") or low > 0,
        high_included=scale != "minus_log10_one_minus",
    )


def _fits(item: Hyperparameter, value: object) -> bool:
    try:
        item.check(value)
    except ValueError:
        return False
    return True


def _range(value: float, *, is_rate: bool) -> tuple[Scale, float, float]:
    if is_rate and value > 0:
        return "log10", 0.0, max(10.0, value)
    if isinstance(value, int):
        if value >= 8 and value & (value - 1) == 0:
            return "log2", 1, max(value * 64, 8192)
        return "linear", min(0, value * 10), max(abs(value) * 10, 10)
    if NEAR_ONE <= value < 1:
        return "minus_log10_one_minus", 0.0, 1.0
    if value > 0 and (value <= SMALL or value >= LARGE):
        return "log10", value / DECADES, value * DECADES
    if 0 <= value < 1:
        return "linear", 0.0, 1.0
    return "linear", min(0.0, value * 10), max(abs(value) * 10, 1.0)

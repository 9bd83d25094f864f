"""Guesses how an argument of a script is to be steered and searched, from its name and value.

The tier says how much it matters, the scale how its values are spread. Whoever knows better says so
with `babysit.knob`.
"""

from __future__ import annotations

import math
import re

from babysit.protocol.hyperparameters import (
    INT_MAX,
    LEARNING_RATE_MAX,
    STANDARD,
    Hyperparameter,
    InvalidValue,
    Kind,
    Scale,
)

# Words of names that say where, how long, how fast or how loudly, not what is trained. What has a
# text for its value, such as a path, is left out anyway.
LEFT_OUT = frozenset(
    {"port", "id", "version", "seed", "seeds", "worker", "workers", "thread", "threads", "device"}
    | {"devices", "gpu", "gpus", "cpu", "cpus", "cuda", "node", "nodes", "rank", "world", "ranks"}
    | {"prefetch", "pin", "cache", "download", "log", "logs", "logging", "verbose", "quiet"}
    | {"debug", "print", "plot", "progress", "wandb", "tensorboard", "save", "saving", "resume"}
    | {"checkpoint", "checkpoints", "ckpt", "interval", "every", "freq", "frequency", "epoch"}
    | {"epochs", "step", "steps", "iter", "iters", "iteration", "iterations", "eval", "test"}
    | {"compile", "profile", "overwrite"}
)
RATES = frozenset({"lr", "eta"})
# `lr_decay` and the like belong to a learning rate and are none.
OF_A_RATE = frozenset(
    {"decay", "drop", "factor", "gamma", "mult", "patience", "power", "scale", "schedule", "size"}
    | {"step", "steps", "warmup", "epochs"}
)
SECOND = frozenset(
    {"batch", "bs", "momentum", "width", "hidden", "units", "channels", "dim", "embed", "embd"}
)
# What people also call the standard hyperparameters, whose scale and bounds are known.
ALIASES = {
    "lr": "learning_rate",
    "lr0": "learning_rate",
    "base_lr": "learning_rate",
    "init_lr": "learning_rate",
    "max_lr": "learning_rate",
    "bs": "batch_size",
    "batch": "batch_size",
    "train_batch_size": "batch_size",
    "hidden": "hidden_units",
    "hidden_size": "hidden_units",
    "hidden_dim": "hidden_units",
    "width": "hidden_units",
    "n_layer": "layers",
    "n_layers": "layers",
    "num_layers": "layers",
    "depth": "layers",
    "beta_1": "beta1",
    "beta_2": "beta2",
    "b1": "beta1",
    "b2": "beta2",
    "eps": "epsilon",
    "adam_epsilon": "epsilon",
    "wd": "weight_decay",
    "clip": "grad_clip",
    "clip_grad": "grad_clip",
    "max_grad_norm": "grad_clip",
    "grad_norm_clip": "grad_clip",
    "dropout_rate": "dropout",
    "drop": "dropout",
}
SMALL, LARGE = 0.02, 100.0  # a float beyond these is on a scale of powers
DECADES = 1_000.0  # the range on a scale of powers: this much less, this much more
NEAR_ONE = 0.9  # from here on 1 - x is what matters
TIMES_MORE = 10.0  # the range on a linear scale
DOUBLINGS = 64  # the range on a scale of powers of two


def guessed(name: str, value: object) -> Hyperparameter | None:
    """How an argument is to be steered; None if training does not depend on it, as far as seen."""
    plain = snake_case(name)
    words = set(plain.split("_"))
    names_rate = words & RATES or {"learning", "rate"} <= words
    is_rate = bool(names_rate and not words & OF_A_RATE)
    if not is_rate and plain not in STANDARD and plain not in ALIASES and words & LEFT_OUT:
        return None
    if isinstance(value, bool):
        return _named(
            name, Hyperparameter(name=name, label=name, tier=3, default=value, kind="bool")
        )
    known = STANDARD.get(ALIASES.get(plain, plain))
    if known is not None and _fits(known, value):
        return _named(name, known.but(default=known.check(value), help=""))
    if not isinstance(value, (int, float)) or not math.isfinite(value) or abs(value) > INT_MAX:
        return None
    kind: Kind = "float" if isinstance(value, float) or is_rate else "int"
    scale, low, high = _rate_range(value) if is_rate else _range(value)
    item = Hyperparameter(
        name=name,
        label=name,
        tier=1 if is_rate else 2 if words & SECOND else 3,
        default=float(value) if kind == "float" else value,
        kind=kind,
        scale=scale,
        low=low,
        high=high,
        low_included=low > 0 or scale in ("linear", "minus_log10_one_minus"),
        high_included=scale != "minus_log10_one_minus",
    )
    return item if _fits(item, item.default) else None


def snake_case(name: str) -> str:
    """`--maxGradNorm` and `max-grad.norm` are `max_grad_norm`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.lstrip("-"))
    return re.sub(r"[-.\s]+", "_", words).lower()


def _named(name: str, item: Hyperparameter) -> Hyperparameter:
    """With the script's own name; which optimizer it has is not known."""
    return item.but(name=name, label=name, symbol="", optimizers=None, schedules=None)


def _fits(item: Hyperparameter, value: object) -> bool:
    try:
        item.check(value)
    except InvalidValue:
        return False
    return True


def _rate_range(value: float) -> tuple[Scale, float, float]:
    """A rate of 0 switches a part off, and is on no scale of powers."""
    if value <= 0:
        return "linear", min(0.0, value), LEARNING_RATE_MAX
    return "log10", 0.0, max(LEARNING_RATE_MAX, value)


def _range(value: float) -> tuple[Scale, float, float]:
    if isinstance(value, int):
        if value > 1 and value & (value - 1) == 0:
            return "log2", 1, min(value * DOUBLINGS, INT_MAX)
        return "linear", min(0, value * TIMES_MORE), max(abs(value) * TIMES_MORE, 10)
    if NEAR_ONE <= value < 1:
        return "minus_log10_one_minus", 0.0, 1.0
    if 0 < value <= SMALL or value >= LARGE:
        return "log10", value / DECADES, value * DECADES
    if 0 <= value <= 1:
        return "linear", 0.0, 1.0
    return "linear", min(0.0, value * TIMES_MORE), max(abs(value) * TIMES_MORE, 1.0)

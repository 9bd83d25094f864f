"""What a task file declares: a network, its data, its cost and its defaults, in plain PyTorch.

A task is one file with one `TASK`. Its name is the file's name, with `-` for `_`. A task never
knows that it is being watched or steered; it imports this module and nothing else of Babysit.
"""

from __future__ import annotations

import operator
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import Dataset, IterableDataset

from babysit.protocol.hyperparameters import (
    ALWAYS,
    BASE_LEARNING_RATE,
    INT_MAX,
    STANDARD,
    Hyperparameter,
    InvalidValue,
    declare,
)
from babysit.protocol.validation import (
    check_declaration,
    check_name,
    check_one_of,
    check_text,
    check_together,
    shown,
)
from babysit.protocol.values import Value, Values
from babysit.sample_random import SampleRandom

__all__ = [
    "Data",
    "Examples",
    "Hyperparameter",
    "SampleRandom",
    "Task",
    "Value",
    "Values",
    "accuracy",
    "cross_entropy",
    "mean_squared_error",
]

LOADER_WORKERS_MAX = 256
Kind: TypeAlias = Literal["classification", "regression", "language"]
Device: TypeAlias = Literal["cpu", "auto"]


@dataclass(frozen=True, slots=True)
class Examples:
    """A set of examples that fits into memory.

    x: (N, ...) inputs. y: (N, ...) targets. The first dimension counts the examples.

    Raises:
        ValueError: not two tensors with equally many examples.
    """

    x: Tensor
    y: Tensor

    def __post_init__(self) -> None:
        for name, tensor in (("x", self.x), ("y", self.y)):
            if not isinstance(tensor, Tensor):
                raise ValueError(f"{name} must be a torch.Tensor, not {shown(tensor)}.")
            if tensor.dim() == 0:
                raise ValueError(f"{name} must have a first dimension that counts the examples.")
        if len(self.x) != len(self.y):
            raise ValueError(f"x has {len(self.x)} examples, y has {len(self.y)}")

    def __len__(self) -> int:
        return len(self.x)


METRIC_NAME_LENGTH_MAX = 256  # characters

ExampleSet: TypeAlias = "Examples | Dataset[Any]"


@dataclass(frozen=True, slots=True)
class Data:
    """What the network learns from, and what it is measured on.

    Each is `Examples`, or a map-style `Dataset` of (x, y) pairs with a length. Random augmentation
    inside a `Dataset` may use torch, numpy or random: each is seeded by (seed, epoch, index).

    Raises:
        ValueError: one of them is something else, or has no examples.
    """

    train: ExampleSet
    val: ExampleSet

    def __post_init__(self) -> None:
        for name, examples in (("train", self.train), ("val", self.val)):
            if _size(examples, name) == 0:
                raise ValueError(f"{name} has no examples. It needs at least one.")


def _size(examples: Any, name: str) -> int:
    wrong = f"{name} must be Examples(x, y), or a map-style Dataset with a length"
    if isinstance(examples, (Tensor, tuple, dict, str, bytes, IterableDataset)):
        raise ValueError(f"{wrong}, not {shown(examples)}.")
    if not hasattr(examples, "__getitem__") and not isinstance(examples, Examples):
        raise ValueError(f"{wrong}, not {shown(examples)}.")
    try:
        return len(examples)
    except TypeError as error:
        raise ValueError(f"{wrong}; {type(examples).__name__} has no length.") from error


def cross_entropy(output: Tensor, y: Tensor, values: Values) -> Tensor:
    """Mean cross entropy in nats. output: (B, C) scores; y: (B,) class numbers."""
    return F.cross_entropy(output, y)


def mean_squared_error(output: Tensor, y: Tensor, values: Values) -> Tensor:
    """Mean squared error, in the square of the target's unit. output, y: same shape."""
    return F.mse_loss(output, y)


def accuracy(output: Tensor, y: Tensor) -> Tensor:
    """Part of the predictions that are right. output: (..., C) scores; y: (...) class numbers."""
    return (output.argmax(dim=-1) == y).float().mean()


def _check_metric_name(name: object) -> None:
    """A metric is the series `val/<name>` and `train/<name>`, beside those of Babysit itself.

    Raises:
        ValueError: it cannot be told apart from one of them, or cannot be asked for by name.
    """
    if not isinstance(name, str) or not name.strip() or len(name) > METRIC_NAME_LENGTH_MAX:
        raise ValueError(
            f"A metric needs a name of 1 to {METRIC_NAME_LENGTH_MAX} characters, not {name!r}."
        )
    if name.strip().casefold() == "cost":
        raise ValueError(
            f"A metric cannot be called {name!r}: val/cost and train/cost are the task's own cost. "
            "Give the metric another name."
        )
    has_control = any(unicodedata.category(character) == "Cc" for character in name)
    if has_control or name != name.strip() or set(name) & set(",*"):
        raise ValueError(
            f"A metric cannot be called {name!r}: commas, asterisks, spaces at the ends and "
            "control characters are not allowed."
        )


def _check_meaning(item: Hyperparameter) -> None:
    """One that every run has means the optimizer's; a task may narrow it, not give it a meaning.

    Raises:
        ValueError: the name is taken.
    """
    standard = STANDARD[item.name] if item.name in ALWAYS else None
    narrowed = standard is not None and (item.label, item.kind) == (standard.label, standard.kind)
    if item.name == BASE_LEARNING_RATE.name or (standard is not None and not narrowed):
        raise ValueError(
            f"A task cannot declare a hyperparameter of its own that is called {item.name!r}: "
            "every run has one of this name. Give it another name, or set `defaults`."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something that can be trained.

    title, summary: what the page says about it.
    load: gives the data; called once in each worker, before `build`.
    build: gives the network for the values of its hyperparameters. The torch generator is seeded
        by the run's seed just before.
    cost: (output of the network, y, values) -> scalar, the mean over the batch.
    hyperparameters: names of standard ones that `build` uses (`hidden_units`, `layers`,
        `dropout`), or declarations of the task's own, which `cost` finds in its `values`.
        Dropout is applied to the network's `nn.Dropout` modules.
    defaults: defaults of this task that differ from the standard ones.
    steps: how long a run is unless asked otherwise, in updates.
    evaluate_every: updates between two measurements of the validation set.
    metrics: further numbers to measure, name -> (output, y) -> scalar mean over the batch. The
        name `cost` is taken.
    augment: (x, random numbers of each example) -> x; for `Examples`, training only.
    picture: (network) -> what the page draws, see `models/spirals.py`; optional.
    device: "cpu" for networks that a GPU would only slow down.
    loader_workers: processes that fetch examples of a `Dataset`; 0: the worker itself.

    Raises:
        ValueError: a field has a wrong type or value; the message names the field.
    """

    title: str
    summary: str
    load: Callable[[], Data]
    build: Callable[[Values], nn.Module]
    cost: Callable[[Tensor, Tensor, Values], Tensor] = cross_entropy
    kind: Kind = "classification"
    hyperparameters: tuple[str | Hyperparameter, ...] = ()
    defaults: Values = field(default_factory=dict)
    steps: int = 1000
    evaluate_every: int = 20
    metrics: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = field(default_factory=dict)
    augment: Callable[[Tensor, SampleRandom], Tensor] | None = None
    picture: Callable[[nn.Module], dict[str, Any]] | None = None
    device: Device = "auto"
    loader_workers: int = 0

    def __post_init__(self) -> None:
        check_name(self.title, "title")
        check_text(self.summary, "summary")
        check_one_of(self.kind, get_args(Kind), "kind")
        check_one_of(self.device, get_args(Device), "device")
        for name in ("load", "build", "cost"):
            _check_callable(getattr(self, name), name)
        for name in ("augment", "picture"):
            if getattr(self, name) is not None:
                _check_callable(getattr(self, name), name)
        for name, low, high in (
            ("steps", 1, INT_MAX),
            ("evaluate_every", 1, INT_MAX),
            ("loader_workers", 0, LOADER_WORKERS_MAX),
        ):
            number = _whole(getattr(self, name), name, low, high)
            object.__setattr__(self, name, number)  # a plain int, for JSON
        _check_metrics(self.metrics)
        self._check_hyperparameters()

    def _check_hyperparameters(self) -> None:
        items: Any = self.hyperparameters
        if not isinstance(items, (tuple, list)):
            raise ValueError(
                "hyperparameters must be a tuple, as in hyperparameters=('dropout',), "
                f"not {shown(items)}."
            )
        object.__setattr__(self, "hyperparameters", tuple(items))
        for item in items:
            if isinstance(item, Hyperparameter):
                check_declaration(item)
                _check_meaning(item)
            elif not isinstance(item, str) or item not in STANDARD:
                known = ", ".join(STANDARD)
                raise ValueError(
                    f"hyperparameters: {shown(item)} is not a standard one. Standard are: {known}. "
                    "Declare others with Hyperparameter(...)."
                )
        names = [item if isinstance(item, str) else item.name for item in items]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"hyperparameters: {min(twice)} is declared twice.")
        if not isinstance(self.defaults, Mapping):
            raise ValueError(f"defaults must be a dict of values, not {shown(self.defaults)}.")
        try:
            declared = declare(items, self.defaults)
            check_together({name: item.default for name, item in declared.items()})
        except InvalidValue as error:
            raise ValueError(f"defaults: {error.message}") from error

    def declared(self, train_size: int) -> dict[str, Hyperparameter]:
        """All hyperparameters by name, tier 1 first; a batch is never larger than the data."""
        declared = declare(self.hyperparameters, {})
        batch_size = declared["batch_size"]
        smaller = batch_size.but(high=train_size, default=min(32, train_size))
        return declare([*list(declared.values()), smaller], self.defaults)


def _check_callable(value: object, name: str) -> None:
    if not callable(value):
        raise ValueError(f"{name} must be a function, not {shown(value)}.")


def _whole(value: Any, name: str, low: int, high: int) -> int:
    """A whole number of any integer type.

    Raises:
        ValueError: it is something else, or out of bounds.
    """
    if not isinstance(value, bool) and hasattr(value, "__index__"):
        number = operator.index(value)
        if low <= number <= high:
            return number
        if number > high:
            raise ValueError(f"{name} must be a whole number of at most {high:,}, not {number}.")
    raise ValueError(f"{name} must be a whole number of at least {low}, not {shown(value)}.")


def _check_metrics(metrics: Any) -> None:
    if not isinstance(metrics, Mapping):
        raise ValueError(f"metrics must be a dict of functions by name, not {shown(metrics)}.")
    for name, metric in metrics.items():
        check_name(name, "metrics: each name")
        _check_metric_name(name)
        _check_callable(metric, f"metrics: {shown(name)}")

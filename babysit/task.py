"""What a task file declares: a network, its data, its cost and its defaults, in plain PyTorch.

A task is one file with one `TASK`. Its name is the file's name, with `-` for `_`. A task never
knows that it is being watched or steered; it imports this module and nothing else of Babysit.
"""

from __future__ import annotations

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
from babysit.protocol.objective import VAL_COST, Mode, choose_objective
from babysit.protocol.spec.task_fields import check_callable, check_metrics, whole_number
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
    objective, mode: what makes a checkpoint or a trial the best: a high ("max") or a low ("min")
        value of `val/cost` or of a metric, as in objective="val/accuracy", mode="max".
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
    objective: str = VAL_COST
    mode: Mode | None = None
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
            check_callable(getattr(self, name), name)
        for name in ("augment", "picture"):
            if getattr(self, name) is not None:
                check_callable(getattr(self, name), name)
        for name, low, high in (
            ("steps", 1, INT_MAX),
            ("evaluate_every", 1, INT_MAX),
            ("loader_workers", 0, LOADER_WORKERS_MAX),
        ):
            number = whole_number(getattr(self, name), name, low, high)
            object.__setattr__(self, name, number)  # a plain int, for JSON
        check_metrics(self.metrics)
        self._check_objective()
        self._check_hyperparameters()

    def _check_objective(self) -> None:
        try:
            best = choose_objective(self.objective, self.mode, self.measured)
        except InvalidValue as error:
            raise ValueError(f"{error.name}: {error.message}") from error
        object.__setattr__(self, "mode", best.mode)

    @property
    def measured(self) -> list[str]:
        """The series of the validation set, each of which can be the objective."""
        return [VAL_COST, *(f"val/{name}" for name in self.metrics)]

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

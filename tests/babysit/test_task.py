"""A task that can never run is refused where it is declared, with what would be right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import Dataset, IterableDataset

from babysit.protocol.hyperparameters import STANDARD
from babysit.task import Data, Examples, Hyperparameter, Task, accuracy
from babysit.training.task_loader import build_network, load_data

TEN = Examples(torch.zeros(10, 2), torch.zeros(10))
NONE = Examples(torch.zeros(0, 2), torch.zeros(0))


class Stream(IterableDataset[Any]):
    """A data set without a length."""

    def __iter__(self) -> Iterator[Any]:
        return iter(())


class Unsized(Dataset[Any]):
    """A data set that forgot its length."""


def task(**changed: Any) -> Task:
    right = {"title": "T", "summary": "", "load": lambda: None, "build": lambda values: None}
    return Task(**{**right, **changed})


def own(**changed: Any) -> dict[str, Any]:
    right = {"name": "balance", "label": "Balance", "tier": 3, "default": 0.5}
    return {"hyperparameters": (Hyperparameter(**{**right, **changed}),)}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"title": None}, "title must be a text, not None"),
    ({"title": "a\ud800b"}, "title: text must be Unicode"),
    ({"title": " "}, "title must not be empty"),
    ({"title": "t" * 300}, "title must have at most 256 characters"),
    ({"summary": 3}, "summary must be a text, not 3"),
    ({"summary": "a\0b"}, "summary: text must not contain the NUL character"),
    ({"kind": "vision"}, "kind must be one of 'classification'"),
    ({"kind": ["regression"]}, "kind must be one of 'classification'"),
    ({"device": "cuda"}, "device must be one of 'cpu', 'auto'"),
    ({"load": TEN}, "load must be a function, not Examples"),
    ({"build": None}, "build must be a function, not None"),
    ({"cost": "mse"}, "cost must be a function"),
    ({"augment": 1}, "augment must be a function"),
    ({"objective": "val/accuracy"}, "objective: The objective must be one of the series val/cost"),
    ({"metrics": {"mae": abs}, "objective": "val/mae"}, "mode: Say which val/mae is better"),
    ({"metrics": {"mae": abs}, "objective": "mae"}, "series val/cost, val/mae"),
    ({"mode": "up"}, 'mode: The mode must be "min" or "max"'),
    ({"objective": ["val/cost"]}, "objective: The objective must be one of the series val/cost"),
    ({"steps": -5}, "steps must be a whole number of at least 1, not -5"),
    ({"steps": 10.5}, "steps must be a whole number"),
    ({"steps": True}, "steps must be a whole number"),
    ({"steps": 10**30}, "steps must be a whole number of at most"),
    ({"evaluate_every": 0}, "evaluate_every must be a whole number of at least 1, not 0"),
    ({"loader_workers": -1}, "loader_workers must be a whole number of at least 0"),
    ({"metrics": [accuracy]}, "metrics must be a dict"),
    ({"metrics": {"m\ud800": accuracy}}, "metrics: each name: text must be Unicode"),
    ({"metrics": {"cost": accuracy}}, "A metric cannot be called 'cost'"),
    ({"metrics": {"m": 3}}, "metrics: 'm' must be a function, not 3"),
    ({"hyperparameters": "dropout"}, "hyperparameters must be a tuple"),
    ({"hyperparameters": ("drop",)}, "'drop' is not a standard one"),
    ({"hyperparameters": ("dropout", "dropout")}, "dropout is declared twice"),
    ({"defaults": [1]}, "defaults must be a dict"),
    ({"defaults": {"drop": 0.1}}, "defaults: A default is given for drop"),
    ({"defaults": {"learning_rate": 0}}, "defaults: The learning rate must be above 0"),
    ({"defaults": {"nesterov": True, "momentum": 0}}, "defaults: Nesterov needs momentum above 0"),
    (own(name=""), "The name of a hyperparameter must not be empty"),
    (own(name="base_learning_rate"), "base_learning_rate: this name is reserved"),
    (own(label=None), "balance: label must be a text"),
    (own(tier=4), "balance: tier must be one of 1, 2, 3, not 4"),
    (own(scale="log"), "balance: scale must be one of 'linear'"),
    (own(low="0"), "balance: low must be a number, not '0'"),
    (own(low=2, high=1), "low must be at most high"),
    (own(low=-1, scale="log10"), "scale='log10' needs low of at least 0"),
    (own(high=2, scale="minus_log10_one_minus"), "high of at most 1"),
    (own(kind="int", scale="minus_log10_one_minus", high=1), "this scale is for kind='float'"),
    (own(default=-1), "balance: default: Balance must be from 0; -1 is not."),
    (own(default=[1]), "balance: default: Balance must be a number"),
    (own(kind="choice", choices=(), default="a"), "choices must be a tuple of at least one text"),
    (own(kind="choice", choices=("a", "a"), default="a"), "choices must differ"),
    (own(optimizers=("lion",)), "optimizers must be one of 'sgd'"),
    (own(name="momentum", kind="bool", default=True), "momentum: kind must stay 'float'"),
    (own(name="momentum", low=0, high=2), "low and high must lie from 0 to 1"),
]


@pytest.mark.parametrize(("changed", "message"), WRONG, ids=[message for _, message in WRONG])
def test_a_wrong_declaration_is_refused_with_what_would_be_right(
    changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as refused:
        task(**changed)

    assert "\n" not in str(refused.value)


LIST: Any = [1]  # what a type checker would not let pass
PAIR: Any = (1, 2)
NOTHING: Any = None
DATA: list[tuple[Any, str]] = [
    (lambda: Examples(torch.zeros(1), LIST), "y must be a torch.Tensor, not list"),
    (lambda: Examples(torch.tensor(1), torch.tensor(1)), "x must have a first dimension"),
    (lambda: Examples(torch.zeros(3), torch.zeros(2)), "x has 3 examples, y has 2"),
    (lambda: Data(NONE, TEN), "train has no examples"),
    (lambda: Data(TEN, NONE), "val has no examples"),
    (lambda: Data(PAIR, TEN), "train must be Examples(x, y)"),
    (lambda: Data(TEN, NOTHING), "val must be Examples(x, y)"),
    (lambda: Data(Stream(), TEN), "map-style Dataset with a length, not Stream"),
    (lambda: Data(Unsized(), TEN), "Unsized has no length"),
    (lambda: load_data(task(load=lambda: TEN)), "load must return Data"),
    (lambda: build_network(task(), {}), "build must return a torch.nn.Module, not NoneType"),
    (lambda: build_network(task(build=lambda values: nn.ReLU()), {}), "at least one parameter"),
]


@pytest.mark.parametrize(("make", "message"), DATA, ids=[message for _, message in DATA])
def test_data_and_networks_of_a_wrong_kind_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


def test_numbers_of_numpy_and_lists_of_names_are_accepted() -> None:
    made = task(steps=np.int64(7), hyperparameters=["dropout"], metrics={"a": accuracy})

    assert (type(made.steps), made.steps, made.hyperparameters) == (int, 7, ("dropout",))


def declared(metric: Any) -> Task:
    return task(metrics={metric: accuracy})


def with_own(hyperparameter: Hyperparameter) -> Task:
    return task(hyperparameters=(hyperparameter,))


@pytest.mark.parametrize(
    "name", ["cost", "Cost", " cost", "", "a,b", "train*", "a\n", "x" * 257, 7]
)
def test_a_metric_with_a_name_that_is_taken_or_cannot_be_asked_for_is_refused(name: Any) -> None:
    with pytest.raises(ValueError, match="metric"):
        declared(name)


@pytest.mark.parametrize("name", ["accuracy", "top-5 accuracy", "F₁", "cost per item", "a/b"])
def test_other_names_are_as_the_task_says(name: str) -> None:
    assert list(declared(name).metrics) == [name]


@pytest.mark.parametrize("name", ["momentum", "batch_size", "base_learning_rate"])
def test_a_hyperparameter_that_every_run_has_is_not_the_tasks_own(name: str) -> None:
    own = Hyperparameter(name=name, label="Of my batch norm", tier=2, default=0.1, low=0, high=1)

    with pytest.raises(ValueError, match=name):
        with_own(own)


def test_a_task_may_narrow_a_hyperparameter_that_every_run_has() -> None:
    made = with_own(STANDARD["learning_rate"].but(high=1.0))

    assert made.declared(100)["learning_rate"].high == 1.0

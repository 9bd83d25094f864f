"""What a task file may declare."""

from __future__ import annotations

from typing import Any

import pytest
from torch import nn

from babysit.protocol.hyperparameters import STANDARD
from babysit.task import Data, Hyperparameter, Task, accuracy


def load() -> Data:
    raise NotImplementedError


def build(values: Any) -> nn.Module:
    raise NotImplementedError


def declared(metric: Any) -> Task:
    return Task(title="", summary="", load=load, build=build, metrics={metric: accuracy})


def with_own(hyperparameter: Hyperparameter) -> Task:
    return Task(title="", summary="", load=load, build=build, hyperparameters=(hyperparameter,))


@pytest.mark.parametrize("name", ["cost", "Cost", " cost", "", "a,b", "train*", "a\n", "x" * 65, 7])
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
    task = with_own(STANDARD["learning_rate"].but(high=1.0))

    assert task.declared(100)["learning_rate"].high == 1.0

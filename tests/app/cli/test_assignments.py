"""`name=value` is read as people write it, and nothing unclear is guessed at."""

from __future__ import annotations

from typing import Any

import pytest

from app.cli.verbs.assignments import read_assignments
from babysit.client import Refused


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("learning_rate=0.01", {"learning_rate": 0.01}),
        ("lr=1e-3", {"learning_rate": 0.001}),
        ("generator.lr=.5", {"generator.learning_rate": 0.5}),
        ("learning_rate.head=2", {"learning_rate.head": 2}),
        ("batch_size=64", {"batch_size": 64}),
        ("nesterov=True", {"nesterov": True}),
        ("schedule=cosine", {"schedule": "cosine"}),
        ("lr=x0.5", {"learning_rate": {"times": 0.5}}),
        ("lr=*2", {"learning_rate": {"times": 2}}),
        ("lr=release", {"learning_rate": {"release": True}}),
        ("kind=xlarge", {"kind": "xlarge"}),
        ("kind=x", {"kind": "x"}),
        ("lr=nan", {"learning_rate": "nan"}),  # the server says that it is no number
        ("lr=infinity", {"learning_rate": "infinity"}),
        ("text=a=b", {"text": "a=b"}),
        ("scale=-3", {"scale": -3}),
    ],
)
def test_a_value_is_what_it_looks_like(text: str, values: dict[str, Any]) -> None:
    found = read_assignments([text])

    assert found == values
    assert [type(value) for value in found.values()] == [type(value) for value in values.values()]


def test_a_hyperparameter_that_is_named_lr_is_not_taken_for_the_learning_rate() -> None:
    assert read_assignments(["lr=0.1"], ["lr", "learning_rate"]) == {"lr": 0.1}


@pytest.mark.parametrize(
    "texts", [["lr"], ["=1"], ["lr="], [""], ["lr=1", "learning_rate=2"], ["lr=1", "lr=1"]]
)
def test_what_is_unclear_is_refused(texts: list[str]) -> None:
    with pytest.raises(Refused):
        read_assignments(texts)

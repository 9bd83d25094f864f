"""One definition of the best: by the objective's mode, and never a value that is not finite."""

from __future__ import annotations

import math

import pytest

from babysit.protocol.hyperparameters import InvalidValue
from babysit.protocol.objective import DEFAULT, Objective, choose_objective

ACCURACY = Objective("val/accuracy", "max")
SERIES = ["val/cost", "val/accuracy", "val/mae"]
NOT_FINITE = [math.nan, math.inf, -math.inf]


@pytest.mark.parametrize("objective", [DEFAULT, ACCURACY])
@pytest.mark.parametrize("value", NOT_FINITE)
def test_a_value_that_is_not_finite_is_never_best(objective: Objective, value: float) -> None:
    assert not objective.is_better(value, None)
    assert not objective.is_better(value, 0.5)
    assert objective.ranked([(value, 1, "bad"), (0.5, 2, "good"), (None, 3, "none")]) == ["good"]


def test_the_mode_says_which_of_two_values_is_better() -> None:
    assert DEFAULT.is_better(0.1, 0.2)
    assert not DEFAULT.is_better(0.2, 0.2)
    assert ACCURACY.is_better(0.2, 0.1)
    assert not ACCURACY.is_better(0.1, 0.1)
    measured: list[tuple[float | None, int, str]] = [(0.1, 1, "a"), (0.3, 3, "c"), (0.3, 2, "b")]
    assert DEFAULT.ranked(measured) == ["a", "b", "c"]
    assert ACCURACY.ranked(measured) == ["b", "c", "a"]
    assert ACCURACY.value(ACCURACY.loss(0.3)) == 0.3


@pytest.mark.parametrize(
    ("name", "mode", "chosen"),
    [
        (None, None, ACCURACY),
        ("val/accuracy", None, ACCURACY),
        (None, "min", Objective("val/accuracy", "min")),
        ("val/cost", None, DEFAULT),
        ("val/mae", "min", Objective("val/mae", "min")),
    ],
)
def test_what_is_not_said_is_as_the_task_declares(
    name: str | None, mode: str | None, chosen: Objective
) -> None:
    assert choose_objective(name, mode, SERIES, ACCURACY) == chosen


@pytest.mark.parametrize(
    ("name", "mode", "field", "allowed"),
    [
        ("val/acuracy", "max", "objective", SERIES),
        ("val/accuracy", "maximum", "mode", ["min", "max"]),
        ("val/accuracy", None, "mode", ["min", "max"]),
        (3, None, "objective", SERIES),
    ],
)
def test_what_cannot_be_an_objective_is_refused_with_what_can(
    name: object, mode: object, field: str, allowed: list[str]
) -> None:
    with pytest.raises(InvalidValue) as refused:
        choose_objective(name, mode, SERIES)

    assert (refused.value.name, refused.value.allowed) == (field, allowed)


def test_the_default_leaves_no_trace_in_files_so_that_they_are_as_before() -> None:
    assert DEFAULT.fields == {"objective": None, "mode": None}
    assert Objective.of(None, None) == DEFAULT
    assert Objective.of("val/accuracy", "max") == ACCURACY

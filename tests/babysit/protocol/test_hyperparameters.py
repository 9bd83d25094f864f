"""Values are refused with the field and what would be right, or they are used."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babysit.protocol.hyperparameters import (
    SCHEDULES,
    STANDARD,
    Hyperparameter,
    InvalidValue,
    declare,
    from_json,
)
from babysit.protocol.validation import check_change, check_fork, check_start
from babysit.protocol.values import Value, Values
from babysit.storage.journal import to_jsonable

OWN = Hyperparameter(name="balance", label="Balance", tier=3, default=1.0, help="Of two costs.")
DECLARED = declare(["hidden_units", "layers", "dropout", OWN], {"learning_rate": 0.05})
DECLARED["batch_size"] = DECLARED["batch_size"].but(high=1000)
DEFAULTS: Values = {name: item.default for name, item in DECLARED.items()}


def running(**values: Value) -> Values:
    """The values of a run as they are now."""
    return {**DEFAULTS, **values}


REFUSED: list[tuple[str, Any, str]] = [
    ("learning_rate", 0, "must be above 0"),
    ("learning_rate", -0.1, "must be above 0"),
    ("learning_rate", 10.5, "above the limit of 10"),
    ("learning_rate", math.nan, "finite"),
    ("learning_rate", math.inf, "finite"),
    ("learning_rate", "0.1", "a number"),
    ("learning_rate", True, "a number"),
    ("learning_rate", None, "a number"),
    ("learning_rate", [0.1], "a number"),
    ("learning_rate", 10**400, "above the limit"),
    ("momentum", 1, "below 1"),
    ("momentum", -0.1, "from 0"),
    ("beta2", 1.0, "below 1"),
    ("batch_size", 1001, "larger than the training set (1,000)"),
    ("batch_size", 0, "from 1"),
    ("batch_size", 2.5, "whole number"),
    ("batch_size", "32", "a whole number"),
    ("hidden_units", 0, "from 1"),
    ("layers", 65, "to 64"),
    ("optimizer", "lion", "one of: sgd, adam, adamw, rmsprop"),
    ("optimizer", 3, "one of"),
    ("schedule", "linear", "one of: constant"),
    ("nesterov", 1, "true or false"),
    ("nesterov", "yes", "true or false"),
    ("epsilon", 0, "above 0"),
    ("weight_decay", -1e-9, "from 0"),
    ("grad_clip", -1, "from 0"),
    ("dropout", 0.96, "to 0.95"),
    ("decay_rate", 0, "above 0"),
    ("decay_steps", 0, "from 1"),
    ("warmup_fraction", 0.95, "to 0.9"),
    ("balance", 10**400, "finite"),
    ("no_such", 1, "no such hyperparameter"),
]


@pytest.mark.parametrize(("name", "value", "right"), REFUSED, ids=lambda item: str(item)[:20])
def test_a_wrong_value_is_refused_with_its_field_and_what_would_be_right(
    name: str, value: Any, right: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        check_start(DECLARED, {name: value})

    assert refused.value.name == name
    assert right.casefold() in refused.value.message.casefold()
    assert refused.value.message.endswith(".")
    assert refused.value.allowed  # the choices or the bounds
    json.dumps(to_jsonable(refused.value.allowed))


def test_a_run_starts_with_defaults_for_what_was_not_asked() -> None:
    assert check_start(DECLARED, {"momentum": 0.5}) == running(momentum=0.5)


def test_whole_numbers_keep_their_kind() -> None:
    checked = check_start(DECLARED, {"batch_size": 64.0, "learning_rate": 1})

    assert (type(checked["batch_size"]), type(checked["learning_rate"])) == (int, float)


WITHOUT_EFFECT: list[tuple[Values, Values, str]] = [
    ({"optimizer": "adam"}, {"momentum": 0.5}, "Change beta1 instead"),
    ({"optimizer": "adamw"}, {"nesterov": True}, "no effect with the optimizer adamw"),
    ({"optimizer": "sgd"}, {"beta1": 0.5}, "no effect with the optimizer sgd"),
    ({"optimizer": "sgd"}, {"beta2": 0.5}, "no effect with the optimizer sgd"),
    ({"optimizer": "sgd"}, {"epsilon": 0.5}, "no effect with the optimizer sgd"),
    ({"optimizer": "rmsprop"}, {"beta1": 0.5}, "no effect with the optimizer rmsprop"),
    ({"optimizer": "rmsprop"}, {"nesterov": True}, "no effect with the optimizer rmsprop"),
    ({"schedule": "constant"}, {"decay_rate": 0.5}, "Set schedule to step or exponential"),
    ({"schedule": "cosine"}, {"decay_steps": 5}, "no effect with the schedule cosine"),
    ({"schedule": "step"}, {"final_factor": 0.5}, "Set schedule to cosine or one_cycle"),
    ({"schedule": "exponential"}, {"schedule_steps": 5}, "Set schedule to cosine or one_cycle"),
    ({"schedule": "cosine"}, {"warmup_fraction": 0.5}, "Set schedule to one_cycle"),
]


@pytest.mark.parametrize(("now", "change", "right"), WITHOUT_EFFECT, ids=str)
def test_a_change_without_any_effect_is_refused(now: Values, change: Values, right: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        check_change(DECLARED, running(**now), change)

    assert refused.value.name == next(iter(change))
    assert right in refused.value.message


@pytest.mark.parametrize("name", ["optimizer", "hidden_units", "layers"])
def test_what_only_a_fork_can_change_is_refused_live(name: str) -> None:
    with pytest.raises(InvalidValue, match="Fork from a checkpoint") as refused:
        check_change(DECLARED, DEFAULTS, {name: DEFAULTS[name]})

    assert refused.value.name == name


def test_a_decay_may_be_set_together_with_its_schedule() -> None:
    change: Values = {"schedule": "step", "decay_rate": 0.1, "decay_steps": 100}

    assert check_change(DECLARED, DEFAULTS, change) == change


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({}, ""),
        ({"learning_rate": 0.1, "base_learning_rate": 0.1}, "base_learning_rate"),
        ({"nesterov": True, "momentum": 0.0}, "nesterov"),
        ({"no_such": 1}, "no_such"),
        ({"base_learning_rate": 11}, "base_learning_rate"),
    ],
)
def test_a_change_that_does_not_go_together_is_refused(change: Values, field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        check_change(DECLARED, DEFAULTS, change)

    assert refused.value.name == field


def test_nesterov_needs_momentum_whichever_of_the_two_moves() -> None:
    with pytest.raises(InvalidValue, match="momentum above 0"):
        check_change(DECLARED, running(nesterov=True), {"momentum": 0.0})
    with pytest.raises(InvalidValue, match="momentum above 0"):
        check_change(DECLARED, running(momentum=0.0), {"nesterov": True})
    with pytest.raises(InvalidValue, match="momentum above 0"):
        check_start(DECLARED, {"momentum": 0.0, "nesterov": True})
    assert check_change(DECLARED, running(nesterov=True), {"momentum": 0.0, "nesterov": False})


def test_a_fork_tells_what_needs_a_new_network_from_what_changes_live() -> None:
    structural, live = check_fork(
        DECLARED,
        running(),
        {"optimizer": "adam", "beta1": 0.8, "hidden_units": 64, "dropout": 0.0},
    )

    assert structural == {"optimizer": "adam", "hidden_units": 64}
    assert live == {"beta1": 0.8}  # dropout is 0 already


def test_a_fork_is_refused_for_what_would_do_nothing_in_it() -> None:
    with pytest.raises(InvalidValue, match="no effect with the optimizer adam"):
        check_fork(DECLARED, running(), {"optimizer": "adam", "momentum": 0.5})


numbers = st.integers(-(10**30), 10**30) | st.floats() | st.text() | st.booleans() | st.none()


@given(name=st.sampled_from(sorted(DECLARED)), value=numbers)
def test_a_value_is_taken_as_it_is_or_refused_by_its_name(name: str, value: object) -> None:
    """Never bent into its bounds, and never an error of another kind."""
    try:
        checked = check_start(DECLARED, {name: value})[name]
    except InvalidValue:
        with pytest.raises(InvalidValue, match=r"\.$"):  # a sentence, and the same one again
            check_start(DECLARED, {name: value})
        return
    assert checked == value
    assert not isinstance(checked, float) or math.isfinite(checked)


@pytest.mark.parametrize("item", [*STANDARD.values(), OWN], ids=lambda item: str(item.name))
def test_a_declaration_survives_the_wire(item: Hyperparameter) -> None:
    body = json.loads(json.dumps(to_jsonable(item.to_json()), allow_nan=False))

    assert from_json(body) == item
    assert item.check(item.default) == item.default  # a default breaks no rule of its own


def test_the_most_important_hyperparameter_comes_first() -> None:
    tiers = [item.tier for item in DECLARED.values()]

    assert next(iter(DECLARED)) == "learning_rate"
    assert tiers == sorted(tiers)


def test_every_schedule_is_named_by_what_belongs_to_it() -> None:
    named = {name for item in STANDARD.values() for name in item.schedules or ()}

    assert named == set(SCHEDULES) - {"constant"}


def test_a_default_that_breaks_a_bound_is_refused() -> None:
    with pytest.raises(InvalidValue, match="above the limit"):
        declare((), {"learning_rate": 11})
    with pytest.raises(InvalidValue, match="not declared"):
        declare((), {"dropout": 0.1})

"""Which values a run may start with, and which changes make sense while it runs."""

from __future__ import annotations

from collections.abc import Mapping

from babysit.protocol.hyperparameters import (
    BASE_LEARNING_RATE,
    Declared,
    Hyperparameter,
    InvalidValue,
)
from babysit.protocol.values import Values


def check_start(declared: Declared, values: Mapping[str, object]) -> Values:
    """All values of a new run: what was asked for, and defaults for the rest.

    Raises:
        InvalidValue: an unknown name, a wrong value, or values that do not go together.
    """
    checked = {name: item.default for name, item in declared.items()}
    for name, value in values.items():
        checked[name] = _known(declared, name).check(value)
    check_together(checked)
    return checked


def check_change(declared: Declared, current: Values, values: Mapping[str, object]) -> Values:
    """The checked values of a live change.

    Raises:
        InvalidValue: unknown, out of bounds, only possible in a fork, or without any effect now.
    """
    if not values:
        raise InvalidValue("", "Name at least one hyperparameter to change.", sorted(declared))
    live = {**declared, "base_learning_rate": BASE_LEARNING_RATE}
    checked: Values = {}
    for name, value in values.items():
        item = _known(live, name)
        if item.when == "fork":
            message = (
                f"{item.label} cannot change in a running network. Fork from a checkpoint "
                f"with another value instead."
            )
            raise InvalidValue(name, message)
        checked[name] = item.check(value)
    if "learning_rate" in checked and "base_learning_rate" in checked:
        raise InvalidValue("base_learning_rate", "Set learning_rate or its base, not both.")
    after = {**current, **checked}
    for name in checked:
        _check_matters(live[name], after)
    check_together(after)
    return checked


def check_fork(
    declared: Declared, current: Values, values: Mapping[str, object]
) -> tuple[Values, Values]:
    """The checked values of a fork: what needs a new network or optimizer, and live changes.

    current: the values in the checkpoint. Values that are already so are left out.

    Raises:
        InvalidValue: an unknown name, a wrong value, or one without any effect.
    """
    structural: Values = {}
    live: dict[str, object] = {}
    for name, value in values.items():
        if name == "base_learning_rate":
            live[name] = value
            continue
        checked = _known(declared, name).check(value)
        if checked == current.get(name):
            continue
        if declared[name].when == "fork":
            structural[name] = checked
        else:
            live[name] = checked
    after = check_start(declared, {**current, **structural})
    return structural, check_change(declared, after, live) if live else {}


def check_together(values: Values) -> None:
    """Rules that need more than one value.

    Raises:
        InvalidValue: the values do not go together.
    """
    nesterov = values.get("optimizer") == "sgd" and values.get("nesterov")
    if nesterov and values.get("momentum") == 0:
        raise InvalidValue(
            "nesterov", "Nesterov needs momentum above 0: set momentum too, or nesterov to false."
        )


def _known(declared: Declared, name: str) -> Hyperparameter:
    if name not in declared:
        message = f"There is no such hyperparameter here. Declared are: {', '.join(declared)}."
        raise InvalidValue(name, message, sorted(declared))
    return declared[name]


def _check_matters(item: Hyperparameter, values: Values) -> None:
    """Refuse a change that would silently do nothing."""
    optimizer, schedule = values.get("optimizer"), values.get("schedule")
    if item.optimizers is not None and optimizer not in item.optimizers:
        instead = " Change beta1 instead." if item.name == "momentum" else ""
        message = f"{item.label} has no effect with the optimizer {optimizer}.{instead}"
        raise InvalidValue(item.name, message, list(item.optimizers))
    if item.schedules is not None and schedule not in item.schedules:
        message = (
            f"{item.label} has no effect with the schedule {schedule}. "
            f"Set schedule to {' or '.join(item.schedules)} in the same change."
        )
        raise InvalidValue(item.name, message, list(item.schedules))

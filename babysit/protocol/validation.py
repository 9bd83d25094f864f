"""Which declarations are valid, which values a run may start with, and which changes make sense."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast, get_args

from babysit.protocol.hyperparameters import (
    BASE_LEARNING_RATE,
    INT_MAX,
    OPTIMIZERS,
    SCHEDULES,
    STANDARD,
    Declared,
    Hyperparameter,
    InvalidValue,
    Kind,
    Scale,
    When,
)
from babysit.protocol.spec.requested import checked_request
from babysit.protocol.values import Relative, RequestedValues, Value, Values
from babysit.storage.safe_text import text_error

NAME_LENGTH_MAX = 256  # characters
TEXT_LENGTH_MAX = 10_000  # characters of a help text or a summary


def check_text(value: object, what: str, *, longest: int = TEXT_LENGTH_MAX) -> None:
    """Check a text that a task declares.

    what: the name of the field, as the message begins.

    Raises:
        ValueError: it is not a text, or one that cannot be stored or shown.
    """
    if not isinstance(value, str):
        raise ValueError(f"{what} must be a text, not {shown(value)}.")
    if len(value) > longest:
        raise ValueError(f"{what} must have at most {longest:,} characters, not {len(value):,}.")
    problem = text_error(value)
    if problem is not None:
        raise ValueError(f"{what}: {problem}.")


def check_name(value: object, what: str) -> None:
    """Check a text that is not empty.

    Raises:
        ValueError: see `check_text`; or the text is empty.
    """
    check_text(value, what, longest=NAME_LENGTH_MAX)
    if not str(value).strip():
        raise ValueError(f"{what} must not be empty.")


def shown(value: object) -> str:
    """A value in a message: itself if it is short, else its type."""
    if isinstance(value, (bool, int, float, str)) and len(text := ascii(value)) <= 40:
        return text
    return "None" if value is None else type(value).__name__


def check_declaration(item: Hyperparameter, *, of_script: bool = False) -> None:
    """Check that a hyperparameter is declared in a way that can be used.

    of_script: what a script says goes, also beyond the bounds that a standard one has.

    Raises:
        ValueError: a field has the wrong type, or the fields contradict each other.
    """
    check_name(item.name, "The name of a hyperparameter")
    what = f"Hyperparameter {item.name}"
    if item.name == BASE_LEARNING_RATE.name:
        raise ValueError(f"{what}: this name is reserved. Choose another name.")
    check_name(item.label, f"{what}: label")
    for field in ("symbol", "unit", "help"):
        check_text(getattr(item, field), f"{what}: {field}")
    choices: tuple[tuple[str, tuple[object, ...]], ...] = (
        ("kind", get_args(Kind)),
        ("scale", get_args(Scale)),
        ("when", get_args(When)),
        ("tier", (1, 2, 3)),
    )
    for field, allowed in choices:
        check_one_of(getattr(item, field), allowed, f"{what}: {field}")
    _check_names(item.optimizers, OPTIMIZERS, f"{what}: optimizers")
    _check_names(item.schedules, SCHEDULES, f"{what}: schedules")
    if item.kind == "choice":
        _check_choices(item.choices, f"{what}: choices")
    elif item.kind != "bool":
        _check_range(item, what)
    standard = STANDARD.get(item.name)
    if standard is not None and not of_script:
        _check_within(item, standard, what)
    try:
        item.check(item.default)
    except InvalidValue as error:
        raise ValueError(f"{what}: default: {error.message}") from error


def check_one_of(value: object, allowed: tuple[object, ...], what: str) -> None:
    """Check that a value is one of a few.

    Raises:
        ValueError: it is not, or it is a bool.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value not in allowed:
        words = ", ".join(ascii(one) for one in allowed)
        raise ValueError(f"{what} must be one of {words}, not {shown(value)}.")


def _check_names(names: Any, known: tuple[str, ...], what: str) -> None:
    if names is None:
        return
    if not isinstance(names, (tuple, list)) or not names:
        raise ValueError(f"{what} must be None or a tuple of names, not {shown(names)}.")
    for name in names:
        check_one_of(name, known, what)


def _check_choices(choices: Any, what: str) -> None:
    if not isinstance(choices, (tuple, list)) or not choices:
        raise ValueError(f"{what} must be a tuple of at least one text, not {shown(choices)}.")
    for choice in choices:
        check_name(choice, f"{what}: each of them")
    if len(set(choices)) < len(choices):
        raise ValueError(f"{what} must differ from each other.")


def _check_range(item: Hyperparameter, what: str) -> None:
    for field in ("low", "high"):
        bound = getattr(item, field)
        if isinstance(bound, bool) or not isinstance(bound, (int, float)) or math.isnan(bound):
            raise ValueError(f"{what}: {field} must be a number, not {shown(bound)}.")
    for field in ("low_included", "high_included"):
        if not isinstance(getattr(item, field), bool):
            raise ValueError(f"{what}: {field} must be True or False.")
    if not item.low <= item.high:
        raise ValueError(f"{what}: low must be at most high: {item.low:g} > {item.high:g}.")
    if item.kind == "int":
        if item.scale == "minus_log10_one_minus":
            raise ValueError(f"{what}: this scale is for kind='float'. Use 'linear' or 'log2'.")
        if abs(item.low) > INT_MAX:
            raise ValueError(f"{what}: low must be from -2**53 to 2**53.")
    if item.scale in ("log10", "log2") and (item.low < 0 or item.high <= 0):
        raise ValueError(f"{what}: scale={item.scale!r} needs low of at least 0 and high above 0.")
    if item.scale == "minus_log10_one_minus" and (item.high > 1 or item.low >= 1):
        raise ValueError(f"{what}: scale={item.scale!r} needs low below 1 and high of at most 1.")


def _check_within(item: Hyperparameter, standard: Hyperparameter, what: str) -> None:
    """A standard hyperparameter keeps its kind and its meaning; a task may narrow its bounds."""
    if item.kind != standard.kind:
        raise ValueError(f"{what}: kind must stay {standard.kind!r}, or use another name.")
    if item.kind == "choice" and not set(item.choices) <= set(standard.choices):
        allowed = ", ".join(standard.choices)
        raise ValueError(f"{what}: choices must be some of {allowed}.")
    if item.kind in ("float", "int") and (item.low < standard.low or item.high > standard.high):
        raise ValueError(
            f"{what}: low and high must lie from {standard.low:g} to {standard.high:g}, "
            "or use another name."
        )


def check_start(declared: Declared, values: Mapping[str, object]) -> Values:
    """All values of a new run: those requested, and defaults for the others.

    Raises:
        InvalidValue: an unknown name, a wrong value, or values that contradict each other.
    """
    checked = {name: item.default for name, item in declared.items()}
    for name, value in values.items():
        checked[name] = known(declared, name).check(value)
    check_together(checked)
    return checked


def check_change(
    declared: Declared, current: Mapping[str, Any], values: Mapping[str, object]
) -> RequestedValues:
    """The checked values of a live change.

    Raises:
        InvalidValue: unknown, out of bounds, only possible in a fork, or without any effect now.
    """
    checked = check_requests(declared, values)
    live = _live(declared)
    if "learning_rate" in checked and "base_learning_rate" in checked:
        raise InvalidValue("base_learning_rate", "Set learning_rate or its base, not both.")
    after = {**current, **checked}
    for name in checked:
        _check_matters(live[name], after)
    check_together(after)
    return checked


def check_requests(declared: Declared, values: Mapping[str, object]) -> RequestedValues:
    """The values of a live change, each checked by itself.

    Raises:
        InvalidValue: none, unknown, out of bounds, or only possible in a fork.
    """
    if not values:
        raise InvalidValue("", "Name at least one hyperparameter to change.", sorted(declared))
    live = _live(declared)
    checked: dict[str, Value | Relative] = {}
    for name, value in values.items():
        item = known(live, name)
        if item.when == "fork":
            message = (
                f"{item.label} cannot change in a running network. Fork from a checkpoint "
                f"with another value instead."
            )
            raise InvalidValue(name, message)
        checked[name] = checked_request(item, value)
    return checked


def _live(declared: Declared) -> Declared:
    """What a live change may name."""
    if "schedule" not in declared:  # of a script: its schedulers are its own
        return declared
    return {**declared, "base_learning_rate": BASE_LEARNING_RATE}


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
        checked = known(declared, name).check(value)
        if checked == current.get(name):
            continue
        if declared[name].when == "fork":
            structural[name] = checked
        else:
            live[name] = checked
    after = check_start(declared, {**current, **structural})
    return structural, cast(Values, check_change(declared, after, live)) if live else {}


def check_together(values: Mapping[str, Any]) -> None:
    """Check the rules that involve several values.

    Raises:
        InvalidValue: the values contradict each other.
    """
    nesterov = values.get("optimizer") == "sgd" and values.get("nesterov")
    if nesterov and values.get("momentum") == 0:
        raise InvalidValue(
            "nesterov", "Nesterov needs momentum above 0: set momentum too, or nesterov to false."
        )


def known(declared: Declared, name: str) -> Hyperparameter:
    """The declaration of a name.

    Raises:
        InvalidValue: there is none.
    """
    if name not in declared:
        message = f"There is no such hyperparameter here. Declared are: {', '.join(declared)}."
        raise InvalidValue(name, message, sorted(declared))
    return declared[name]


def _check_matters(item: Hyperparameter, values: Mapping[str, Any]) -> None:
    """Refuse a change that would have no effect."""
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

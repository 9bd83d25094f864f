"""What a task declares, as the API answers it; also the check of what a task file described."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, Field, ValidationError

from babysit.protocol.hyperparameters import Hyperparameter as Declaration
from babysit.protocol.hyperparameters import from_json
from babysit.protocol.objective import DEFAULT, Mode
from babysit.protocol.validation import check_declaration
from babysit.storage.safe_text import text_error

ValuesOut: TypeAlias = dict[str, float | int | bool | str]
Number: TypeAlias = float | Literal["NaN", "Infinity", "-Infinity"]


class Hyperparameter(BaseModel):
    name: str
    label: str
    symbol: str
    tier: int
    kind: Literal["float", "int", "bool", "choice"]
    scale: Literal["linear", "log10", "log2", "minus_log10_one_minus"]
    low: Number
    high: Number
    low_included: bool
    high_included: bool
    choices: list[str]
    default: float | int | bool | str
    unit: str
    when: Literal["live", "next_epoch", "fork"]
    help: str
    optimizers: list[str] | None
    schedules: list[str] | None
    relative: bool = False


class Task(BaseModel):
    name: str
    title: str
    summary: str
    error: str | None
    kind: str | None = None
    train_size: int | None = None
    val_size: int | None = None
    steps_per_epoch: int | None = None
    default_steps: int | None = None
    evaluate_every: int | None = None
    parameters: int | None = None
    has_picture: bool = False
    series: list[str] = Field(default_factory=list)
    objective: str = DEFAULT.name  # the series that decides what is best in a run
    mode: Mode = DEFAULT.mode
    defaults: ValuesOut = Field(default_factory=dict)
    hyperparameters: list[Hyperparameter] = Field(default_factory=list)


def check_description(description: dict[str, Any]) -> tuple[Task, dict[str, Declaration]]:
    """A description in its right types, and the hyperparameters that it declares.

    Raises:
        ValueError: it cannot be used; the message is one line.
    """
    try:
        task = Task.model_validate(description)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where}: {first['msg']}") from error
    for name, part in task.model_dump().items():
        problem = text_error(json.dumps(part, ensure_ascii=False))
        if problem is not None:
            raise ValueError(f"{name}: {problem}")
    for name, value in task.defaults.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"defaults.{name}: must be a finite number")
    if task.objective not in (DEFAULT.name, *task.series):
        raise ValueError("objective: it must be one of the series")
    try:
        declared = declarations(description.get("hyperparameters") or ())
    except (TypeError, KeyError) as error:
        raise ValueError(f"hyperparameters: {error}") from error
    return task, declared


def declarations(
    items: Iterable[Mapping[str, Any]], *, of_script: bool = False
) -> dict[str, Declaration]:
    """Hyperparameters by name.

    of_script: a script declares them, not a task.

    Raises:
        TypeError, KeyError, ValueError: one of them is declared in a way that cannot be used.
    """
    found: dict[str, Declaration] = {}
    for item in items:
        hyperparameter = from_json(dict(item))
        check_declaration(hyperparameter, of_script=of_script)
        found[hyperparameter.name] = hyperparameter
    return found


def usable(items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Those of a script's declarations that can be used; another process has written them."""
    found = []
    for item in items:
        try:
            Hyperparameter.model_validate(item)
            declarations([item], of_script=True)
        except (ValidationError, TypeError, KeyError, ValueError):
            continue
        found.append(dict(item))
    return found

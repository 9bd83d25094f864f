"""What a run of somebody's own script says of itself, and how it was started."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from babysit.protocol.events import Declared
from babysit.protocol.objective import DEFAULT, Mode, Objective

from ...task_description import usable
from ..curves.best import set_objective
from ..tables.runs import RunRow

CAPTURED = ("exact", "approximate", "not seen")


def declare(run: RunRow, event: Declared) -> None:
    """What a script says of itself, as far as it can be used: another process has written it."""
    parts = [
        {name: part.get(name, "") for name in ("name", "type", "captured", "why")}
        for part in event.parts
        if part.get("captured") in CAPTURED
    ]
    said = {name: value for name, value in asdict(event).items() if name not in ("step", "at")}
    run.declared = {**said, "hyperparameters": usable(event.hyperparameters), "parts": parts}
    if event.steps is not None and event.steps >= 1:
        run.steps = event.steps
    mode: Mode = "max" if event.mode == "max" else "min"
    objective = Objective(event.objective or DEFAULT.name, mode)
    if objective != run.ranking:
        set_objective(run, objective)


def shown_script(script: dict[str, Any] | None) -> dict[str, Any] | None:
    """How a script was started; its environment is nobody's business."""
    if script is None:
        return None
    return {name: value for name, value in script.items() if name != "environment"}


def is_by_hand(run: RunRow) -> bool:
    """Whether a person started the run's script; the server starts only what it started before."""
    return run.script is not None and not run.script.get("supervised") and run.attempt <= 1


def started_by_hand(session: Session) -> set[int]:
    """Active runs of scripts that a person started."""
    active = select(RunRow).where(RunRow.script.is_not(None))
    return {run.id for run in session.scalars(active) if not run.status.is_over and is_by_hand(run)}

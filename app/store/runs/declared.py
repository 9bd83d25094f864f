"""What a run of somebody's own script says of itself, and how it was started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from babysit.protocol.events import Declared
from babysit.protocol.objective import DEFAULT, Mode, Objective

from ...errors import Invalid, NotAllowed
from ...task_description import declarations, usable
from ..curves.best import set_objective
from ..tables.runs import RunRow

CAPTURED = ("exact", "approximate", "not seen")


def declare(session: Session, run: RunRow, event: Declared) -> None:
    """What a script says of itself, as far as it can be used: another process has written it.

    Tiers and scales that a person gave stay; a fork begins with those of its parent.
    """
    known = run if run.declared else session.get(RunRow, run.parent_run_id or 0)
    controls = (known.declared or {}).get("controls", {}) if known is not None else {}
    parts = [
        {name: part.get(name, "") for name in ("name", "type", "captured", "why")}
        for part in event.parts
        if part.get("captured") in CAPTURED
    ]
    said = {name: value for name, value in asdict(event).items() if name not in ("step", "at")}
    run.declared = {**said, "hyperparameters": usable(event.hyperparameters), "parts": parts}
    change_controls(run, controls)
    if event.steps is not None and event.steps >= 1:
        run.steps = event.steps
    mode: Mode = "max" if event.mode == "max" else "min"
    objective = Objective(event.objective or DEFAULT.name, mode)
    if objective != run.ranking:
        set_objective(run, objective)


def change_controls(run: RunRow, controls: Mapping[str, Mapping[str, Any]] | None) -> None:
    """Give hyperparameters of a script the tier and the scale that a person wants them to have."""
    if not controls or not run.declared:
        return
    items = run.declared["hyperparameters"]
    changed = [(usable([item | controls.get(item["name"], {})]) or [item])[0] for item in items]
    earlier = run.declared.get("controls", {})
    run.declared = {
        **run.declared,
        "hyperparameters": sorted(changed, key=lambda item: int(item["tier"])),
        "controls": {
            **earlier,
            **{name: {**earlier.get(name, {}), **given} for name, given in controls.items()},
        },
    }


def checked_controls(
    run: RunRow, asked: Mapping[str, Mapping[str, Any]] | None
) -> dict[str, dict[str, Any]] | None:
    """What of a person's tiers and scales differs from those in force; None: nothing does.

    Raises:
        Invalid: there is no such hyperparameter, or its values cannot be on this scale.
        NotAllowed: the script has not said yet what it has.
    """
    if not asked:
        return None
    if run.script is None:
        raise Invalid(
            "The tier and the scale of a task's hyperparameters are declared in its file.",
            field="controls",
        )
    if not run.declared:
        raise NotAllowed("The script has not said yet what can be changed.", state="undeclared")
    items = {item["name"]: item for item in run.declared["hyperparameters"]}
    found: dict[str, dict[str, Any]] = {}
    for name, wanted in asked.items():
        if name not in items:
            message = "The script has no such hyperparameter."
            raise Invalid(message, field="controls", allowed=list(items))
        item = items[name]
        given = {key: value for key, value in wanted.items() if value not in (None, item[key])}
        if "scale" in given and item["kind"] not in ("float", "int"):
            raise Invalid(f"{name} is no number, so it has no scale.", field="controls")
        try:
            declarations([item | given], of_script=True)
        except ValueError as error:
            raise Invalid(str(error), field="controls") from error
        if given:
            found[name] = given
    return found or None


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

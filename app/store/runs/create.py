"""Creates runs: from scratch, or forked from a checkpoint."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from babysit.protocol.commands import Pause
from babysit.protocol.events import Described, Forked
from babysit.protocol.hyperparameters import ENDING_SCHEDULES, Declared, InvalidValue
from babysit.protocol.objective import Objective, choose_objective
from babysit.protocol.serialization import now
from babysit.protocol.spec.requested import checked_request
from babysit.protocol.spec.run_spec import RunSpec
from babysit.protocol.validation import check_fork, check_start, known
from babysit.protocol.values import Values

from ...errors import Invalid, NotAllowed
from ...limits import STEPS_MAX
from ...task_catalog import TaskInfo
from ..store import Transaction
from ..tables.runs import CheckpointRow, RunRow
from .checkpoints import checkpoint_path, find_checkpoint, values_in, what_is_wrong
from .commands import send_command, stop_if_active
from .projection import emit
from .runs import check_name, describe_run, find_run, make_run, next_run_id

UNKNOWN_STEPS = 1  # until a script says how many it makes
WATCHED = ("guard", "paused")  # options of a new run that a person may change later


def start_run(tx: Transaction, task: TaskInfo, options: Mapping[str, Any]) -> RunRow:
    """A new run, queued.

    options: fields of `RunSpec`; one that is None or missing takes its default. And `guard`, and
        `paused`: it waits before its first step.

    Raises:
        Invalid: a value is wrong.
    """
    options, watched = watched_apart(options)
    spec = to_run_spec(tx, task, options)
    return watch(tx, make_run(tx, spec, spec.values), watched)


def watched_apart(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of `RunSpec`, and how the run is to be watched."""
    watched = {name: options[name] for name in WATCHED if options.get(name) is not None}
    return {name: options[name] for name in options if name not in WATCHED}, watched


def watch(tx: Transaction, run: RunRow, watched: Mapping[str, Any]) -> RunRow:
    """Say to a new run what a person could say to it later."""
    describe_run(tx, run, guard=watched.get("guard"))
    if watched.get("paused"):
        send_command(tx, run.id, Pause(), None)
    return run


def to_run_spec(tx: Transaction, task: TaskInfo, options: Mapping[str, Any]) -> RunSpec:
    """The specification of a new run, complete and checked; its id may be given already.

    Raises:
        Invalid: a value is wrong.
    """
    run_id = options.get("id") or next_run_id(tx)
    if task.script is not None:
        return _spec_of_script(task, options, run_id)
    values = _checked(task.declared, options.get("values") or {})
    return build_run_spec(
        {"steps": min(task.default_steps, STEPS_MAX), "seed": 0},
        options,
        id=run_id,
        family_id=run_id,
        name=_name(options.get("name"), f"{task.name}-{run_id}"),
        task=task.name,
        values=values,
        **chosen_objective(task, options).fields,
    )


def _spec_of_script(task: TaskInfo, options: Mapping[str, Any], run_id: int) -> RunSpec:
    """Of a script: what nobody asks for is as its own code says."""
    asked = chosen_objective(task, options).fields if options.get("objective") else {}
    script = task.script or {}
    seed = script.get("seed") if options.get("recipe") else options.get("seed")
    return build_run_spec(
        {"steps": UNKNOWN_STEPS, "seed": 0},
        options,
        id=run_id,
        family_id=run_id,
        name=_name(options.get("name"), f"{Path(task.name).stem}-{run_id}"),
        task=task.name,
        values=check_values_of_script(options.get("values") or {}),
        script={**script, "supervised": True, "seed": seed},
        limited=None if options.get("steps") is None else True,
        **asked,
    )


def chosen_objective(task: TaskInfo, options: Mapping[str, Any]) -> Objective:
    """What is to be best, as asked for in `objective` and `mode`, or as the task declares it.

    Raises:
        Invalid: the task measures no such series, or the mode is wrong or missing.
    """
    name = options.get("objective")
    measured = task.measured
    if task.script is not None:  # what it measures shows only when it runs
        measured = [*measured, task.objective.name, *([] if name is None else [name])]
    try:
        return choose_objective(name, options.get("mode"), measured, task.objective)
    except InvalidValue as error:
        raise Invalid(error.message, field=error.name, allowed=error.allowed) from error


def build_run_spec(
    defaults: Mapping[str, Any], options: Mapping[str, Any], **decided: Any
) -> RunSpec:
    """`decided` overrides `options`, which override `defaults`; an option that is None does not."""
    return RunSpec(**{**defaults, **_given(options), **decided, "created_at": now()})


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def fork_run(
    tx: Transaction,
    runs_dir: Path,
    checkpoint_id: int,
    task: TaskInfo,
    options: Mapping[str, Any],
) -> RunRow:
    """A new run that continues from a checkpoint, with other values if given.

    options: as of `start_run`; pace, guard and objective are by default those of the parent.

    Raises:
        NotFound: the checkpoint does not exist.
        NotAllowed: it was removed, or is damaged.
        Invalid: a value is wrong.
    """
    checkpoint = find_checkpoint(tx.session, checkpoint_id)
    parent = find_run(tx.session, checkpoint.run_id)
    options, watched = watched_apart({"guard": parent.guard} | _given(options))
    current = values_of(runs_dir, checkpoint, parent)
    requested = options.get("values") or {}
    overrides = (
        _checked_overrides(task.declared, current, requested)
        if parent.script is None
        else checked_for_script(task.declared, requested)
    )
    values = {**current, **overrides}
    if "base_learning_rate" in values:
        values["learning_rate"] = values.pop("base_learning_rate")
    objective = Objective.of(
        options.pop("objective", parent.objective), options.pop("mode", parent.mode)
    )
    name = _name(options.get("name"), f"{parent.name[:200]} from step {checkpoint.step}")
    steps = last_step(parent, checkpoint, options.get("steps"), task.default_steps)
    pace = options.get("max_steps_per_s", parent.max_steps_per_s)
    spec = build_run_spec(
        {},
        options,
        id=options.get("id") or next_run_id(tx),
        family_id=parent.family_id,
        max_steps_per_s=pace or None,
        name=name,
        task=parent.task,
        values=overrides,
        steps=steps,
        seed=parent.seed,
        parent={"run_id": parent.id, "step": checkpoint.step, "checkpoint_id": checkpoint.id},
        parent_directory=f"runs/{parent.id}/checkpoints/{checkpoint.directory}",
        parent_state_sha256=checkpoint.state_sha256,
        parent_bytes=checkpoint.bytes,
        script=parent.script and {**parent.script, "supervised": True},
        schedule_follows=True if values.get("schedule") in ENDING_SCHEDULES else None,
        **objective.fields,
    )
    child = make_run(tx, spec, values)
    forked = Forked(
        step=checkpoint.step,
        checkpoint_id=checkpoint.id,
        child_run_id=spec.id,
        rewind=spec.rewind,
        actor=spec.actor,
    )
    emit(tx, parent, forked)
    if spec.rewind:
        stop_if_active(tx, parent)
        emit(tx, child, Described(step=child.step, live=True))
    return watch(tx, child, watched)


def values_of(runs_dir: Path, checkpoint: CheckpointRow, parent: RunRow) -> dict[str, Any]:
    """The values in a checkpoint, after its checksums were verified."""
    path = checkpoint_path(runs_dir, checkpoint)
    wrong = (
        "retention removed it" if checkpoint.removed else what_is_wrong(path, checkpoint, deep=True)
    )
    if wrong is None:
        try:
            values = values_in(path)
        except (OSError, ValueError, KeyError, TypeError):
            wrong = "its values cannot be read"
        else:
            return {name: values[name] for name in values if name in parent.initial_values}
    raise NotAllowed(
        f"This checkpoint cannot be used: {wrong}. Choose another one.", state="damaged"
    )


def _checked(declared: Declared, values: Mapping[str, object]) -> Values:
    try:
        return check_start(declared, values)
    except InvalidValue as error:
        raise _invalid(error) from error


def _checked_overrides(declared: Declared, current: Values, values: Mapping[str, object]) -> Values:
    """What a fork changes, checked against the values in the checkpoint."""
    try:
        structural, live = check_fork(declared, current, values)
    except InvalidValue as error:
        raise _invalid(error) from error
    return {**structural, **live}


def checked_for_script(declared: Declared, values: Mapping[str, object]) -> dict[str, Any]:
    """What a new run of a script begins with; its own code says all the rest.

    Raises:
        Invalid: an unknown name or a wrong value.
    """
    try:
        return check_values(declared, values)
    except InvalidValue as error:
        raise _invalid(error) from error


def check_values(declared: Declared, values: Mapping[str, object]) -> dict[str, Any]:
    """The values for a script, each checked by itself.

    Raises:
        InvalidValue: an unknown name or a wrong value.
    """
    return {name: checked_request(known(declared, name), value) for name, value in values.items()}


def check_values_of_script(values: Mapping[str, object]) -> dict[str, Any]:
    """The values of a new run of a script; what they are for is known when it has started.

    Raises:
        Invalid: a value is neither a number nor a text nor true or false.
    """
    for name, value in values.items():
        if isinstance(value, (bool, int, str)) or (
            isinstance(value, float) and math.isfinite(value)
        ):
            continue
        raise Invalid("A value is a finite number, a text, true or false.", field=f"values.{name}")
    return dict(values)


def _invalid(error: InvalidValue) -> Invalid:
    where = f"values.{error.name}" if error.name else "values"
    return Invalid(error.message, field=where, allowed=error.allowed)


def last_step(
    parent: RunRow, checkpoint: CheckpointRow, request: int | None, default_steps: int
) -> int:
    if request is None:
        further = min(checkpoint.step + default_steps, STEPS_MAX)
        return parent.steps if parent.steps > checkpoint.step else further
    if request <= checkpoint.step:
        raise Invalid(
            f"The checkpoint is at step {checkpoint.step:,}; the last step must come after it.",
            field="steps",
            allowed=[checkpoint.step + 1, STEPS_MAX],
        )
    return request


def _name(request: str | None, otherwise: str) -> str:
    check_name(request)
    return otherwise if request is None else request

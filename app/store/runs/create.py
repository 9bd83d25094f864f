"""New runs: from the beginning, or forked from a checkpoint of another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babysit.protocol.events import Described, Forked
from babysit.protocol.hyperparameters import Declared, InvalidValue
from babysit.protocol.run_spec import RunSpec
from babysit.protocol.serialization import now
from babysit.protocol.validation import check_fork, check_start
from babysit.protocol.values import Value, Values

from ...errors import Invalid, NotAllowed
from ...limits import STEPS_MAX
from ...task_catalog import TaskInfo
from ..store import Transaction
from ..tables.runs import CheckpointRow, RunRow
from .checkpoints import checkpoint_path, find_checkpoint, values_in, what_is_wrong
from .commands import stop_if_active
from .projection import emit
from .runs import find_run, make_run, next_run_id


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What somebody asks of a new run; None takes the default.

    run_id: given to a trial when it was drawn. search: id, number and round of a trial.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    steps: int | None = None
    seed: int | None = None
    name: str | None = None
    note: str = ""
    max_steps_per_s: float | None = None
    rewind: bool = False
    demo: bool = False
    actor: str = "owner"
    recipe: bool = False
    replay_of: int | None = None
    run_id: int | None = None
    search: dict[str, int] | None = None


def start_run(tx: Transaction, task: TaskInfo, request: RunRequest) -> RunRow:
    """A new run, queued.

    Raises:
        Invalid: a value is wrong.
    """
    spec = to_run_spec(tx, task, request)
    return make_run(tx, spec, spec.values)


def to_run_spec(tx: Transaction, task: TaskInfo, request: RunRequest) -> RunSpec:
    """What a new run is to be, complete and checked.

    Raises:
        Invalid: a value is wrong.
    """
    values = _checked(task.declared, request.values)
    run_id = request.run_id or next_run_id(tx)
    return RunSpec(
        id=run_id,
        family_id=run_id,
        name=_name(request.name, f"{task.name}-{run_id}"),
        task=task.name,
        values=values,
        steps=request.steps or min(task.default_steps, STEPS_MAX),
        seed=request.seed or 0,
        created_at=now(),
        note=request.note,
        actor=request.actor,
        demo=request.demo,
        max_steps_per_s=request.max_steps_per_s,
        recipe=request.recipe,
        replay_of=request.replay_of,
        search=request.search,
    )


def fork_run(
    tx: Transaction,
    runs_dir: Path,
    checkpoint_id: int,
    task: TaskInfo,
    request: RunRequest,
) -> RunRow:
    """A new run that goes on from a checkpoint, with other values if wanted.

    Raises:
        NotFound: there is no such checkpoint.
        NotAllowedNow: it was removed, or is damaged.
        Invalid: a value is wrong.
    """
    checkpoint = find_checkpoint(tx.session, checkpoint_id)
    parent = find_run(tx.session, checkpoint.run_id)
    current = values_of(runs_dir, checkpoint, parent)
    overrides = _checked_overrides(task.declared, current, request.values)
    values = {**current, **overrides}
    values["learning_rate"] = values.pop("base_learning_rate", values.get("learning_rate"))
    run_id = request.run_id or next_run_id(tx)
    directory = f"runs/{parent.id}/checkpoints/{checkpoint.directory}"
    spec = RunSpec(
        id=run_id,
        family_id=parent.family_id,
        name=_name(request.name, f"{parent.name[:200]} from step {checkpoint.step}"),
        task=parent.task,
        values=overrides,
        steps=last_step(parent, checkpoint, request.steps, task.default_steps),
        seed=parent.seed,
        created_at=now(),
        parent={"run_id": parent.id, "step": checkpoint.step, "checkpoint_id": checkpoint.id},
        parent_directory=directory,
        parent_state_sha256=checkpoint.state_sha256,
        parent_bytes=checkpoint.bytes,
        note=request.note,
        actor=request.actor,
        rewind=request.rewind,
        search=request.search,
    )
    child = make_run(tx, spec, values)
    forked = Forked(
        step=checkpoint.step,
        checkpoint_id=checkpoint.id,
        child_run_id=run_id,
        rewind=request.rewind,
        actor=request.actor,
    )
    emit(tx, parent, forked)
    if request.rewind:
        stop_if_active(tx, parent)
        emit(tx, child, Described(step=child.step, live=True))
    return child


def values_of(runs_dir: Path, checkpoint: CheckpointRow, parent: RunRow) -> dict[str, Any]:
    """The values a checkpoint goes on with, after every byte of it was compared."""
    path = checkpoint_path(runs_dir, checkpoint)
    wrong = (
        "retention has removed it"
        if checkpoint.removed
        else what_is_wrong(path, checkpoint, deep=True)
    )
    if wrong is None:
        try:
            known = values_in(path)
        except (OSError, ValueError, KeyError, TypeError):
            wrong = "its values cannot be read"
        else:
            return {name: known[name] for name in known if name in parent.initial_values}
    raise NotAllowed(f"This checkpoint cannot be used: {wrong}. Take another one.", state="damaged")


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
    if request is None:
        return otherwise
    if not request.strip():
        raise Invalid("A name needs at least one character.", field="name")
    return request

"""New runs: from the beginning, or forked from a checkpoint of another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.errors import Invalid, NotAllowedNow
from app.limits import STEPS_MAX
from app.store.apply import say
from app.store.checkpoints import checkpoint_path, find_checkpoint, values_in, what_is_wrong
from app.store.commands import stop_if_active
from app.store.runs import find_run, make_run, next_run_id
from app.store.store import Write
from app.store.tables import CheckpointRow, RunRow
from babysit.checks import check_fork, check_start
from babysit.hyperparameters import Declared, InvalidValue
from babysit.messages import Described, Forked, RunAsked, Value, Values, now


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
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


def start_run(
    write: Write, task: str, declared: Declared, default_steps: int, wanted: Wanted
) -> RunRow:
    """A new run, queued.

    Raises:
        Invalid: a value is wrong.
    """
    asked = asked_run(write, task, declared, default_steps, wanted)
    return make_run(write, asked, asked.values)


def asked_run(
    write: Write, task: str, declared: Declared, default_steps: int, wanted: Wanted
) -> RunAsked:
    """What a new run is to be, complete and checked.

    Raises:
        Invalid: a value is wrong.
    """
    values = _checked(declared, wanted.values)
    run_id = wanted.run_id or next_run_id(write)
    return RunAsked(
        id=run_id,
        family_id=run_id,
        name=_name(wanted.name, f"{task}-{run_id}"),
        task=task,
        values=values,
        steps=wanted.steps or min(default_steps, STEPS_MAX),
        seed=wanted.seed or 0,
        created_at=now(),
        note=wanted.note,
        actor=wanted.actor,
        demo=wanted.demo,
        max_steps_per_s=wanted.max_steps_per_s,
        recipe=wanted.recipe,
        replay_of=wanted.replay_of,
        search=wanted.search,
    )


def fork_run(
    write: Write,
    runs_dir: Path,
    checkpoint_id: int,
    known: tuple[Declared, int],
    wanted: Wanted,
) -> RunRow:
    """A new run that goes on from a checkpoint, with other values if wanted.

    known: the task's hyperparameters and its usual number of steps.

    Raises:
        NotFound: there is no such checkpoint.
        NotAllowedNow: it was removed, or is damaged.
        Invalid: a value is wrong.
    """
    declared, default_steps = known
    checkpoint = find_checkpoint(write.session, checkpoint_id)
    parent = find_run(write.session, checkpoint.run_id)
    current = values_of(runs_dir, checkpoint, parent)
    overrides = _checked_overrides(declared, current, wanted.values)
    values = {**current, **overrides}
    values["learning_rate"] = values.pop("base_learning_rate", values.get("learning_rate"))
    run_id = wanted.run_id or next_run_id(write)
    directory = f"runs/{parent.id}/checkpoints/{checkpoint.directory}"
    asked = RunAsked(
        id=run_id,
        family_id=parent.family_id,
        name=_name(wanted.name, f"{parent.name[:200]} from step {checkpoint.step}"),
        task=parent.task,
        values=overrides,
        steps=last_step(parent, checkpoint, wanted.steps, default_steps),
        seed=parent.seed,
        created_at=now(),
        parent={"run_id": parent.id, "step": checkpoint.step, "checkpoint_id": checkpoint.id},
        parent_directory=directory,
        parent_state_sha256=checkpoint.state_sha256,
        parent_bytes=checkpoint.bytes,
        note=wanted.note,
        actor=wanted.actor,
        rewind=wanted.rewind,
        search=wanted.search,
    )
    child = make_run(write, asked, values)
    forked = Forked(
        step=checkpoint.step,
        checkpoint_id=checkpoint.id,
        child_run_id=run_id,
        rewind=wanted.rewind,
        actor=wanted.actor,
    )
    say(write, parent, forked)
    if wanted.rewind:
        stop_if_active(write, parent)
        say(write, child, Described(step=child.step, live=True))
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
    raise NotAllowedNow(
        f"This checkpoint cannot be used: {wrong}. Take another one.", state="damaged"
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


def _invalid(error: InvalidValue) -> Invalid:
    where = f"values.{error.name}" if error.name else "values"
    return Invalid(error.message, field=where, allowed=error.allowed)


def last_step(
    parent: RunRow, checkpoint: CheckpointRow, wanted: int | None, default_steps: int
) -> int:
    if wanted is None:
        further = min(checkpoint.step + default_steps, STEPS_MAX)
        return parent.steps if parent.steps > checkpoint.step else further
    if wanted <= checkpoint.step:
        raise Invalid(
            f"The checkpoint is at step {checkpoint.step:,}; the last step must come after it.",
            field="steps",
            allowed=[checkpoint.step + 1, STEPS_MAX],
        )
    return wanted


def _name(wanted: str | None, otherwise: str) -> str:
    if wanted is None:
        return otherwise
    if not wanted.strip():
        raise Invalid("A name needs at least one character.", field="name")
    return wanted

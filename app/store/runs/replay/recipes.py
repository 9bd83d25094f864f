"""Makes the recipe of a run from what was recorded: its whole lineage, from step 0 on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from babysit.protocol.commands import Cancel
from babysit.protocol.recipes.recipe import (
    COMPARED,
    COMPARED_STEPS_MAX,
    Change,
    Recipe,
    Recorded,
    RecordedState,
    command_of,
)
from babysit.protocol.spec.run_spec import RunSpec
from babysit.protocol.values import Values

from ....errors import NotAllowed
from ...curves.curves import attempt_begins, left_at, read_curves
from ...journals.spec_file import RUN_FILE
from ...tables.runs import CommandRow, EventRow, RunRow
from ..decisions import Decision, Decisions, contained, decisions_of
from ..runs import find_run
from .script_replays import of_script, recorded_of_script

STATES_MAX = 200  # the newest ones
LASTING = frozenset({"start", "change", "user", "pause", "end"})  # the others come by the clock
SAME = ("code_sha256", "data_sha256", "versions", "threads", "device")


@dataclass(frozen=True, slots=True)
class Branch:
    """One run of a lineage, and what of it belongs to the run at the end.

    acts: all of them. count: how many are in the checkpoint where the next run left.
    until: the step of this checkpoint; None for the last run.
    """

    run: RunRow
    spec: RunSpec
    decisions: Decisions
    count: int
    until: int | None


def make_recipe(session: Session, runs_dir: Path, run_id: int) -> Recipe:
    """The recipe of a run, as far as the run has come.

    Raises:
        NotFound: the run does not exist.
        NotAllowed: it has completed no step, or a run it was forked from no longer exists, or it
            is a fork of a script.
    """
    run = find_run(session, run_id)
    line = _lineage(session, runs_dir, run)
    others: tuple[Recorded, ...] = ()
    if run.script is None:
        recorded = _recorded(session, line)
        until = int(recorded.steps[-1])
    else:
        recorded, others, until = recorded_of_script(session, run)
    changes, passed = _changes(session, line)
    changes = [change for change in changes if change.step <= until]
    made_with, mixed = _made_with(session, line)
    root = line[0].spec
    recipe = Recipe(
        run_id=run.id,
        name=run.name,
        ended=run.status.value if run.status.is_over else f"still {run.status.value}",
        task=run.task,
        seed=root.seed,
        steps=root.steps,
        until=until,
        values=cast(Values, dict(root.values)),
        made_with=made_with,
        changes=tuple(changes),
        states=tuple(_states(session, line, changes, passed)),
        recorded=recorded.downsample(COMPARED_STEPS_MAX),
        mixed=mixed,
        others=others,
    )
    return recipe if run.script is None else of_script(recipe, run, root)


def _lineage(session: Session, runs_dir: Path, run: RunRow) -> list[Branch]:
    """From the root to the run."""
    decisions = decisions_of(session, run)
    line = [Branch(run, _asked(runs_dir, run.id), decisions, len(decisions.decisions), None)]
    while line[0].spec.parent is not None:
        child, origin = line[0].run, line[0].spec.parent
        parent = session.get(RunRow, origin["run_id"])
        gone = NotAllowed(
            f"Run {child.id} was forked from run {origin['run_id']}, which no longer "
            "exists, so its beginning is unknown.",
            state="incomplete",
        )
        if parent is None:
            raise gone
        decisions = decisions_of(session, parent)
        saved = decisions.checkpoints.get(origin["checkpoint_id"])
        count = None if saved is None else contained(decisions, saved, runs_dir / str(parent.id))
        if count is None:
            raise gone
        line.insert(
            0, Branch(parent, _asked(runs_dir, parent.id), decisions, count, origin["step"])
        )
    return line


def _asked(runs_dir: Path, run_id: int) -> RunSpec:
    spec = RUN_FILE.read(runs_dir / str(run_id))
    if isinstance(spec, str):
        raise NotAllowed(
            f"The file run.json of run {run_id} cannot be used ({spec}), so its "
            "beginning is unknown.",
            state="incomplete",
        )
    return spec


def _recorded(session: Session, line: list[Branch]) -> Recorded:
    curves = read_curves(session, [(branch.run, branch.until) for branch in line], COMPARED)
    steps = curves[COMPARED[0]].steps
    for name in COMPARED[1:]:
        steps = np.intersect1d(steps, curves[name].steps)
    if not len(steps):
        raise NotAllowed("The run has not completed a step yet, so there is nothing to replay.")
    columns = [curve.values[np.searchsorted(curve.steps, steps)] for curve in curves.values()]
    return Recorded(steps, np.vstack(columns))


# ---- changes ------------------------------------------------------------------------------------


def _changes(session: Session, line: list[Branch]) -> tuple[list[Change], list[int]]:
    """All changes of a lineage, and how many of them come before each of its runs."""
    placed: list[tuple[RunRow, Decision]] = []
    passed: list[int] = []
    for branch, following in zip(line, [*line[1:], None], strict=True):
        passed.append(len(placed))
        placed += [(branch.run, act) for act in branch.decisions.decisions[: branch.count]]
        if following is not None:
            step, run = branch.until or 0, following.run
            placed = _left(placed, step)
            spec = following.spec
            fields = {
                "values": spec.values,
                "steps": spec.steps,
                "note": spec.note,
                "schedule_follows": spec.schedule_follows,
            }
            completed = {"run": {"id": run.id, "name": spec.name}, "at": spec.created_at}
            completed |= {"actor": spec.actor, "note": spec.note}
            placed.append((run, Decision((0, 0), step, "fork", -run.id, completed, fields)))
    numbers = {
        act.command_id: number
        for number, (_, act) in enumerate(placed, 1)
        if act.kind in ("set", "fork")
    }
    changes = [
        _change(session, run, act, number, numbers) for number, (run, act) in enumerate(placed, 1)
    ]
    return changes, passed


def _left(placed: list[tuple[RunRow, Decision]], step: int) -> list[tuple[RunRow, Decision]]:
    """A fork forgets what is scheduled for the step where it leaves. Where others of that step
    were made before, that must be said: a repetition makes all of a step together.
    """
    made = [place for place, (_, act) in enumerate(placed) if act.is_made_at(step)]
    if not made:
        return placed
    over = {act.command_id for _, act in placed if act.kind == "scheduled"}
    over |= {act.fields["command_id"] for _, act in placed if act.kind == "cancel"}
    due = [
        (run, Decision((0, 0), step, "cancel", 0, {}, {"command_id": act.command_id, "note": ""}))
        for run, act in placed
        if act.kind == "set" and act.waits_until(step) and act.command_id not in over
    ]
    return [*placed[: made[0]], *due, *placed[made[0] :]]


def _change(
    session: Session, run: RunRow, act: Decision, number: int, numbers: dict[int, int]
) -> Change:
    of, fields, completed = None, act.fields, act.completed
    if act.kind == "scheduled":
        of = numbers[act.command_id]
    elif act.command_id > 0:
        row = session.get_one(CommandRow, (run.id, act.command_id))
        fields = {name: value for name, value in row.body.items() if name != "kind"}
        completed = {
            "actor": row.actor,
            "at": row.created_at,
            **completed,
            "note": fields.get("note", ""),
        }
    command = None if act.kind == "scheduled" else command_of(act.kind, fields)
    if isinstance(command, Cancel):
        of = numbers[command.command_id]
        command = Cancel(command_id=of, note=command.note)
    return Change(
        number=number, step=act.step, kind=act.kind, command=command, of=of, told=completed
    )


# ---- what it is compared with -------------------------------------------------------------------


def _states(
    session: Session, line: list[Branch], changes: Sequence[Change], passed: list[int]
) -> list[RecordedState]:
    """The checkpoints that stand before or after all changes of their step."""
    found: list[tuple[RecordedState, bool]] = []
    for branch, earlier in zip(line, passed, strict=True):
        begins = attempt_begins(session, branch.run.id)
        for saved in branch.decisions.checkpoints.values():
            count = contained(branch.decisions, saved, None)
            left = left_at(begins, saved.order[0])
            superseded = left is not None and saved.step > left
            abandoned = branch.until is not None and saved.step > branch.until
            if superseded or abandoned or count is None or count > branch.count:
                continue
            done = earlier + count
            up_to = [sum(1 for c in changes if c.step < saved.step + part) for part in (0, 1)]
            if done in up_to:
                state = RecordedState(
                    step=saved.step,
                    when="after" if done == up_to[1] else "before",
                    cause=saved.cause,
                    weights_sha256=saved.weights_sha256,
                    state_sha256=saved.state_sha256,
                )
                found.append((state, saved.cause in LASTING))
    kept = [state for state, lasting in found[:-1] if lasting] + [state for state, _ in found[-1:]]
    return kept[-STATES_MAX:]


def _made_with(session: Session, line: list[Branch]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What made the last part of the run, and what of that was not always so."""
    query = select(EventRow.body).where(
        EventRow.run_id.in_([branch.run.id for branch in line]),
        EventRow.kind == "worker_started",
    )
    started = list(session.scalars(query.order_by(EventRow.run_id, EventRow.attempt)))
    newest = {name: started[-1][name] for name in SAME}
    mixed = [name for name in SAME if any(body[name] != newest[name] for body in started)]
    hashes = {body["val_sha256"] for body in started if body.get("val_sha256")}
    if len(hashes) == 1 and started[-1].get("val_sha256"):
        newest["val_sha256"] = started[-1]["val_sha256"]
    elif len(hashes) > 1:
        mixed.append("val_sha256")
    if started[-1].get("settings"):  # older workers do not tell them
        newest["settings"] = started[-1]["settings"]
        if any(body.get("settings", newest["settings"]) != newest["settings"] for body in started):
            mixed.append("settings")
    return newest, tuple(mixed)

"""New trials of a search, and trials that become a run of their own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.errors import NotAllowedNow, Problem
from app.limits import NAME_CHARACTERS_MAX
from app.search.strategy import Draw, Plan, kept
from app.store.apply import say
from app.store.begin import Wanted, asked_run, fork_run, start_run
from app.store.checkpoints import checkpoint_path, find_checkpoint, what_is_wrong
from app.store.runs import add_run, find_run, make_run, next_run_id, queue_runs
from app.store.search_apply import say_search
from app.store.search_begin import Known
from app.store.search_events import RoundBegan, SearchEvent, TrialDrawn
from app.store.search_tables import RoundRow, SearchRow
from app.store.searches import trial_of
from app.store.store import Write
from app.store.tables import CheckpointRow, RunRow
from app.store.trials import DrawnTrial, Trial
from babysit.messages import Described, NoteAdded, RunAsked, RunStatus, StatusChanged, now


def draw_trials(
    write: Write, row: SearchRow, draws: Sequence[Draw], plan: Plan, trials: Sequence[Trial]
) -> list[DrawnTrial]:
    """Write draws of one round down, and the round if it begins with them; their runs are made by
    `make_trials`.
    """
    round_ = draws[0].round
    events: list[SearchEvent] = []
    if write.session.get(RoundRow, (row.id, round_)) is None:
        told = [t.told() for t in trials if t.row.round < round_ and t.row.repeat_of is None]
        numbers = {trial.row.number: trial.row.run_id for trial in trials}
        best = [numbers[one.number] for one in kept(plan.keep, told)]
        events.append(RoundBegan(round=round_, space=draws[0].box.to_json(), kept=best))
    seed = _seed(write, row)
    found = [
        TrialDrawn(
            number=drawn.number,
            round=round_,
            run_id=next_run_id(write),
            values=drawn.values,
            seed=seed,
        )
        for drawn in draws
    ]
    say_search(write, row, *events, *found)
    return [_drawn(row, event) for event in found]


def draw_repeat(
    write: Write, row: SearchRow, trials: Sequence[Trial], asked: list[int]
) -> DrawnTrial:
    """The next repetition that was asked for: (run id, seed)."""
    run_id, seed = asked
    original = next(trial.row for trial in trials if trial.row.run_id == run_id)
    event = TrialDrawn(
        number=trials[-1].row.number + 1,
        round=original.round,
        run_id=next_run_id(write),
        values=dict(original.values),
        seed=seed,
        repeat_of=run_id,
    )
    say_search(write, row, event)
    return _drawn(row, event)


def _drawn(row: SearchRow, event: TrialDrawn) -> DrawnTrial:
    return DrawnTrial(
        search_id=row.id,
        number=event.number,
        round=event.round,
        run_id=event.run_id,
        values=event.values,
        seed=event.seed,
        repeat_of=event.repeat_of,
    )


def _seed(write: Write, row: SearchRow) -> int:
    """All trials see the same data in the same order: only what is searched tells them apart."""
    if row.from_checkpoint is None:
        return row.seed
    checkpoint = find_checkpoint(write.session, row.from_checkpoint)
    return find_run(write.session, checkpoint.run_id).seed


def make_trials(
    write: Write, runs_dir: Path, row: SearchRow, trials: Sequence[DrawnTrial], known: Known
) -> list[RunRow]:
    """The runs of trials, queued; failed already when no run can be made of what was drawn.

    Raises:
        OSError: the disk is full or broken.
    """
    task = (known.declared, known.default_steps)
    made: list[RunRow] = []
    new: list[RunRow] = []
    for trial in trials:
        _remove_half_made(runs_dir, trial)
        wanted = _wanted(row, trial)
        try:
            if row.from_checkpoint is not None:
                made.append(fork_run(write, runs_dir, row.from_checkpoint, task, wanted))
                continue
            asked = asked_run(write, row.task, *task, wanted)
        except Problem as error:
            made.append(_make_failed(write, row, wanted, error))
            continue
        new.append(add_run(write, asked, asked.values))
        made.append(new[-1])
    queue_runs(write, new)
    return made


def _wanted(row: SearchRow, trial: DrawnTrial) -> Wanted:
    return Wanted(
        values=trial.values,
        steps=row.steps,
        seed=trial.seed,
        name=f"{row.name[: NAME_CHARACTERS_MAX - 16]}, trial {trial.number}",
        actor="search",
        run_id=trial.run_id,
        search={"id": row.id, "number": trial.number, "round": trial.round},
    )


def _make_failed(write: Write, row: SearchRow, wanted: Wanted, error: Problem) -> RunRow:
    asked = RunAsked(
        id=wanted.run_id or 0,
        family_id=wanted.run_id or 0,
        name=wanted.name or "",
        task=row.task,
        values=dict(wanted.values),
        steps=row.steps,
        seed=wanted.seed or 0,
        created_at=now(),
        actor=wanted.actor,
        search=wanted.search,
    )
    run = make_run(write, asked, asked.values)
    say(write, run, StatusChanged(step=0, status=RunStatus.FAILED, reason=error.message))
    return run


def _remove_half_made(runs_dir: Path, trial: DrawnTrial) -> None:
    """A run's directory that a crash left behind before anybody was told of the run."""
    directory = runs_dir / str(trial.run_id)
    if not directory.exists():
        return
    asked: Any = None
    if (directory / "run.json").exists():
        asked = json.loads((directory / "run.json").read_text()).get("search")
    of_trial = {"id": trial.search_id, "number": trial.number, "round": trial.round}
    has_worked = any(directory.glob("attempt-*"))
    if has_worked or asked not in (None, of_trial):
        raise FileExistsError(f"{directory} belongs to another run than trial {trial.number}")
    shutil.rmtree(directory)


def promote(
    write: Write, runs_dir: Path, run: RunRow, known: Known, wanted: Wanted, *, scratch: bool
) -> RunRow:
    """A trial becomes an ordinary run, the live one of its family: from its newest valid
    checkpoint, or from the beginning with the same values and seed.

    Raises:
        NotAllowedNow: it is no trial, or has no valid checkpoint.
        Invalid: a value is wrong.
    """
    trial = trial_of(write.session, run)
    text = f"adopted from caviar trial {trial.number} of search {trial.search_id}"
    name = f"{run.name[: NAME_CHARACTERS_MAX - 16]}, promoted"
    wanted = replace(wanted, name=wanted.name or name)
    if scratch:
        wanted = replace(
            wanted, values=run.initial_values, seed=run.seed, steps=wanted.steps or run.steps
        )
        made = start_run(write, run.task, known.declared, known.default_steps, wanted)
    else:
        checkpoint = _newest_valid(write, runs_dir, run)
        task = (known.declared, known.default_steps)
        made = fork_run(write, runs_dir, checkpoint.id, task, wanted)
        say(write, made, Described(step=made.step, live=True))
    say(write, made, NoteAdded(step=made.step, text=text, actor=wanted.actor))
    return made


def _newest_valid(write: Write, runs_dir: Path, run: RunRow) -> CheckpointRow:
    wanted = (
        select(CheckpointRow)
        .where(CheckpointRow.run_id == run.id, ~CheckpointRow.removed)
        .order_by(CheckpointRow.step.desc(), CheckpointRow.id.desc())
    )
    for row in write.session.scalars(wanted):
        if what_is_wrong(checkpoint_path(runs_dir, row), row, deep=True) is None:
            return row
    raise NotAllowedNow(
        "This trial has no valid checkpoint. Promote it from scratch.", state="no_checkpoint"
    )

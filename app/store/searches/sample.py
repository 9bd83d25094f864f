"""Creates the trials of a search, and promotes a trial to an ordinary run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select

from babysit.protocol.events import Described, NoteAdded, StatusChanged
from babysit.protocol.status import RunStatus

from ...errors import APIError, NotAllowed
from ...limits import NAME_CHARACTERS_MAX
from ...search.samplers import Plan, Sample, top_k
from ...task_catalog import TaskInfo
from ..journals.search_records import RoundBegan, SearchEvent, TrialSampled
from ..runs.checkpoints import checkpoint_path, find_checkpoint, what_is_wrong
from ..runs.create import build_run_spec, fork_run, start_run, to_run_spec
from ..runs.projection import emit
from ..runs.runs import add_run, find_run, make_run, next_run_id, queue_runs
from ..store import Transaction
from ..tables.runs import CheckpointRow, RunRow
from ..tables.searches import RoundRow, SearchRow
from .projection import emit_search
from .searches import trial_of
from .trials import Trial, TrialRecord, trial_columns


def sample_trials(
    tx: Transaction, row: SearchRow, samples: Sequence[Sample], plan: Plan, trials: Sequence[Trial]
) -> list[TrialRecord]:
    """Record samples of one round, and the round if it begins with them.

    `make_trials` creates their runs.
    """
    round_ = samples[0].round
    events: list[SearchEvent] = []
    if tx.session.get(RoundRow, (row.id, round_)) is None:
        completed = [
            t.completed() for t in trials if t.row.round < round_ and t.row.repeat_of is None
        ]
        numbers = {trial.row.number: trial.row.run_id for trial in trials}
        best = [numbers[one.number] for one in top_k(plan.spec.keep, completed)]
        events.append(RoundBegan(round=round_, space=samples[0].bounds.to_json(), kept=best))
    seed = _seed(tx, row)
    sampled = [
        TrialSampled(
            number=sample.number,
            round=round_,
            run_id=next_run_id(tx),
            values=sample.values,
            seed=seed,
        )
        for sample in samples
    ]
    emit_search(tx, row, *events, *sampled)
    return [TrialRecord(**trial_columns(row.id, event)) for event in sampled]


def sample_repeat(
    tx: Transaction, row: SearchRow, trials: Sequence[Trial], spec: list[int]
) -> TrialRecord:
    """Record the next requested repetition; spec: (run id, seed)."""
    run_id, seed = spec
    original = next(trial.row for trial in trials if trial.row.run_id == run_id)
    event = TrialSampled(
        number=trials[-1].row.number + 1,
        round=original.round,
        run_id=next_run_id(tx),
        values=dict(original.values),
        seed=seed,
        repeat_of=run_id,
    )
    emit_search(tx, row, event)
    return TrialRecord(**trial_columns(row.id, event))


def _seed(tx: Transaction, row: SearchRow) -> int:
    """The same for all trials: they see the same data in the same order."""
    if row.from_checkpoint is None:
        return row.seed
    checkpoint = find_checkpoint(tx.session, row.from_checkpoint)
    return find_run(tx.session, checkpoint.run_id).seed


def make_trials(
    tx: Transaction,
    runs_dir: Path,
    row: SearchRow,
    trials: Sequence[TrialRecord],
    task: TaskInfo,
) -> list[RunRow]:
    """Create the runs of trials: queued, or failed where the sample is not a valid run.

    Raises:
        OSError: the disk is full or broken.
    """
    made: list[RunRow] = []
    new: list[RunRow] = []
    for trial in trials:
        _remove_half_made(runs_dir, trial)
        options = _run_options(row, trial)
        try:
            if row.from_checkpoint is not None:
                made.append(fork_run(tx, runs_dir, row.from_checkpoint, task, options))
                continue
            spec = to_run_spec(tx, task, options)
        except APIError as error:
            made.append(_make_failed(tx, row, options, error))
            continue
        new.append(add_run(tx, spec, spec.values))
        made.append(new[-1])
    queue_runs(tx, new)
    return made


def _run_options(row: SearchRow, trial: TrialRecord) -> dict[str, Any]:
    return {
        "id": trial.run_id,
        "name": f"{row.name[: NAME_CHARACTERS_MAX - 16]}, trial {trial.number}",
        "values": dict(trial.values),
        "steps": _steps(row),
        "seed": trial.seed,
        "actor": "search",
        "search": trial.place,
        "objective": row.objective,
        "mode": row.mode,
    }


def _steps(row: SearchRow) -> int | None:
    """The last step of each trial; None: where the script's own loops end."""
    return row.steps if row.script is None or row.script["limited"] else None


def _make_failed(
    tx: Transaction, row: SearchRow, options: Mapping[str, Any], error: APIError
) -> RunRow:
    spec = build_run_spec(
        {"steps": row.steps},
        options,
        family_id=options["id"],
        task=row.task,
        script=None if row.script is None else {**row.script["start"], "supervised": True},
    )
    run = make_run(tx, spec, spec.values)
    emit(tx, run, StatusChanged(step=0, status=RunStatus.FAILED, reason=error.message))
    return run


def _remove_half_made(runs_dir: Path, trial: TrialRecord) -> None:
    """Remove a run's directory that a crash left behind before the run was committed."""
    directory = runs_dir / str(trial.run_id)
    if not directory.exists():
        return
    spec: Any = None
    if (directory / "run.json").exists():
        spec = json.loads((directory / "run.json").read_text()).get("search")
    has_worked = any(directory.glob("attempt-*"))
    if has_worked or spec not in (None, trial.place):
        raise FileExistsError(f"{directory} belongs to another run than trial {trial.number}")
    shutil.rmtree(directory)


def promote(
    tx: Transaction,
    runs_dir: Path,
    run: RunRow,
    task: TaskInfo,
    options: Mapping[str, Any],
    *,
    scratch: bool,
) -> RunRow:
    """Continue a trial as an ordinary run, the live one of its family: from its newest valid
    checkpoint, or from scratch with the same values and seed.

    Raises:
        NotAllowed: the run is not a trial, or has no valid checkpoint.
        Invalid: a value is wrong.
    """
    trial = trial_of(tx.session, run)
    text = f"Promoted from trial {trial.number} of search {trial.search_id}"
    name = f"{run.name[: NAME_CHARACTERS_MAX - 16]}, promoted"
    options = {**options, "name": options.get("name") or name}
    if scratch:
        values = run.initial_values if run.script is None else trial.values
        same = {"values": values, "seed": run.seed}
        same |= {"objective": run.objective, "mode": run.mode}
        steps = options.get("steps") or (run.steps if run.script is None else None)
        made = start_run(tx, task, {**options, **same, "steps": steps})
    else:
        checkpoint = _newest_valid(tx, runs_dir, run)
        made = fork_run(tx, runs_dir, checkpoint.id, task, options)
        emit(tx, made, Described(step=made.step, live=True))
    emit(tx, made, NoteAdded(step=made.step, text=text))
    return made


def _newest_valid(tx: Transaction, runs_dir: Path, run: RunRow) -> CheckpointRow:
    query = (
        select(CheckpointRow)
        .where(CheckpointRow.run_id == run.id, ~CheckpointRow.removed)
        .order_by(CheckpointRow.step.desc(), CheckpointRow.id.desc())
    )
    for row in tx.session.scalars(query):
        if what_is_wrong(checkpoint_path(runs_dir, row), row, deep=True) is None:
            return row
    raise NotAllowed(
        "This trial has no valid checkpoint. Promote it from scratch.", state="no_checkpoint"
    )

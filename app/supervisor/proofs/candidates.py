"""Which run is proved next, and from which of its checkpoints."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from babysit.protocol.events import (
    Applied,
    Changed,
    ChangeScheduled,
    CheckpointSaved,
    Exactness,
    GuardTripped,
    Raised,
)
from babysit.protocol.status import RunStatus
from babysit.storage.journal import Points

from ...store.curves.curves import attempt_begins, read_attempts, series_names
from ...store.runs.decisions import DECIDE
from ...store.tables.runs import CheckpointRow, EventRow, RunRow

STEPS_MIN, STEPS_MAX = 30, 100  # that are repeated
STATE_STEPS_MIN = 10  # before the checkpoint: a state that was just built is built again anyway
BYTES_MAX = 1 << 30  # of a checkpoint: its tensors are in memory a second time
RUNS_MAX = 20  # that are looked at, the newest first
TRIES_MAX = 3  # of one run
COST = "train/cost"
# What decided how the training went on, beside the commands that are `applied`.
ENDING = tuple(kind.kind for kind in (Changed, ChangeScheduled, GuardTripped, Raised))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A checkpoint, and the steps after it, up to `until`, that were made without a change.

    saved: the event about the checkpoint.
    """

    run_id: int
    attempt: int
    checkpoint_id: int
    step: int
    until: int
    saved: dict[str, Any]


def next_candidate(
    session: Session, tried: Collection[int], *, since: str, on_gpu: bool
) -> Candidate | None:
    """The newest run of a task that trains, or ended lately, and of which nothing is known yet.

    tried: ids of checkpoints. since: when a run may have ended, in ISO 8601. on_gpu: whether runs
    on another device than the processor count.
    """
    known = select(EventRow.run_id).where(
        EventRow.run_id == RunRow.id, EventRow.kind == Exactness.kind
    )
    query = select(RunRow).where(
        RunRow.script.is_(None),
        RunRow.search_id.is_(None),
        RunRow.replay_of.is_(None),
        RunRow.trashed_at.is_(None),
        RunRow.step >= STATE_STEPS_MIN + STEPS_MIN,
        or_(
            RunRow.status.in_((RunStatus.RUNNING, RunStatus.PAUSED)),
            RunRow.ended_at >= since,
        ),
        ~known.exists(),
    )
    if not on_gpu:
        query = query.where(RunRow.device == "cpu")
    for run in session.scalars(query.order_by(RunRow.id.desc()).limit(RUNS_MAX)):
        if found := _of_run(session, run, tried):
            return found
    return None


def _of_run(session: Session, run: RunRow, tried: Collection[int]) -> Candidate | None:
    query = select(CheckpointRow).where(CheckpointRow.run_id == run.id).order_by(CheckpointRow.id)
    rows = list(session.scalars(query))
    if sum(row.id in tried for row in rows) >= TRIES_MAX:
        return None
    begun = attempt_begins(session, run.id).get(run.attempt, run.step)
    endings = _endings(session, run.id)
    for row in reversed(rows):
        until = min(
            [run.step, row.step + STEPS_MAX, *(step for step in endings if step >= row.step)]
        )
        is_new = not (row.removed or row.id in tried or row.bytes > BYTES_MAX)
        if is_new and row.step >= begun + STATE_STEPS_MIN and until >= row.step + STEPS_MIN:
            saved = _saved(session, run, row)
            if saved is not None:
                return Candidate(run.id, run.attempt, row.id, row.step, until, saved)
    return None


def _endings(session: Session, run_id: int) -> list[int]:
    """The steps after which something else decided than the training itself."""
    query = select(EventRow.step, EventRow.body).where(
        EventRow.run_id == run_id,
        EventRow.attempt > 0,
        EventRow.kind.in_((*ENDING, Applied.kind)),
    )
    return [
        step
        for step, body in session.execute(query)
        if body["kind"] in ENDING or body["command_kind"] in DECIDE
    ]


def _saved(session: Session, run: RunRow, row: CheckpointRow) -> dict[str, Any] | None:
    """What the newest attempt said of a checkpoint, if it is one of its own."""
    query = select(EventRow.body).where(
        EventRow.run_id == run.id,
        EventRow.attempt == run.attempt,
        EventRow.kind == CheckpointSaved.kind,
        EventRow.step == row.step,
    )
    bodies = session.scalars(query)
    return next((body for body in bodies if body["checkpoint_id"] == row.id), None)


def recorded(session: Session, candidate: Candidate) -> list[Points]:
    """All that was recorded at the steps to repeat; empty if a cost is missing."""
    first, last = candidate.step + 1, candidate.until
    names = series_names(session, [candidate.run_id])
    found = read_attempts(session, candidate.run_id, names, from_step=first, to_step=last)
    curves = {
        name: attempts[candidate.attempt].within(first, last)
        for name, attempts in found.items()
        if candidate.attempt in attempts
    }
    if COST not in curves or len(curves[COST]) != last - candidate.step:
        return []
    return [
        Points((name,), curve.steps, curve.values.reshape(1, -1))
        for name, curve in curves.items()
        if len(curve)
    ]

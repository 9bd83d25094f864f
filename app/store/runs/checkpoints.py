"""Checkpoints: what there is, whether it is whole, and new runs that start from one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from babysit.protocol.events import CheckpointPinned
from babysit.protocol.objective import Objective
from babysit.storage.manifest import (
    STATE,
    Announced,
    CheckpointDamaged,
    check_manifest,
    read_json,
)

from ...errors import NotAllowed, NotFound
from ...limits import INT_MAX
from ..store import Transaction
from ..tables.runs import CheckpointRow, RunRow
from .projection import emit

STATE_KEYS = ("values", "effective", "last_command_id")


def checkpoint_path(runs_dir: Path, row: CheckpointRow) -> Path:
    return runs_dir / str(row.run_id) / "checkpoints" / row.directory


def list_checkpoints(session: Session, runs_dir: Path, run: RunRow) -> list[dict[str, Any]]:
    """All that were ever saved, newest last."""
    query = select(CheckpointRow).where(CheckpointRow.run_id == run.id)
    rows = list(session.scalars(query.order_by(CheckpointRow.step, CheckpointRow.id)))
    return [checkpoint_json(row, runs_dir, best=_best(run.ranking, rows)) for row in rows]


def _best(objective: Objective, rows: list[CheckpointRow]) -> int | None:
    """The one with the best value of the objective that is still there."""
    recorded = [
        (objective.in_checkpoint(row.val_cost, row.objective_value), row)
        for row in rows
        if not row.removed
    ]
    measured = [
        (value if isinstance(value, (int, float)) else None, row.id, row.id)
        for value, row in recorded
    ]
    return next(iter(objective.ranked(measured)), None)


def checkpoint_json(row: CheckpointRow, runs_dir: Path, *, best: int | None) -> dict[str, Any]:
    path = checkpoint_path(runs_dir, row)
    valid = not row.removed and what_is_wrong(path, row, deep=False) is None
    return {
        "id": row.id,
        "run_id": row.run_id,
        "step": row.step,
        "cause": row.cause,
        "kind": row.cause,
        "val_cost": row.val_cost,
        "objective_value": row.objective_value,
        "bytes": row.bytes,
        "valid": valid,
        "weights_sha256": row.weights_sha256,
        "state_sha256": row.state_sha256,
        "best": row.id == best,
        "pinned": row.pinned,
        "at": row.at,
        "removed": row.removed,
        "command_id": row.command_id,
        **(state_in(path) if valid else dict.fromkeys(STATE_KEYS)),
    }


def state_in(path: Path) -> dict[str, Any]:
    """What a branch goes on with: base values, those of the last update, and its last command."""
    try:
        return state_json(read_json(path / STATE))
    except (OSError, ValueError):
        return dict.fromkeys(STATE_KEYS)


def state_json(state: Any) -> dict[str, Any]:
    """The same of the content of a state file."""
    try:
        found = (dict(state["values"]), dict(state["optimizer_values"]), state["last_command_id"])
    except (ValueError, KeyError, TypeError):
        return dict.fromkeys(STATE_KEYS)
    return dict(zip(STATE_KEYS, found, strict=True))


def find_checkpoint(session: Session, checkpoint_id: int) -> CheckpointRow:
    """A checkpoint by its id.

    Raises:
        NotFound: there is none.
    """
    row = session.get(CheckpointRow, checkpoint_id) if 0 < checkpoint_id <= INT_MAX else None
    if row is None:
        raise NotFound("Checkpoint not found.")
    return row


def one_checkpoint(session: Session, runs_dir: Path, row: CheckpointRow) -> dict[str, Any]:
    objective = session.get_one(RunRow, row.run_id).ranking
    query = select(CheckpointRow).where(CheckpointRow.run_id == row.run_id)
    return checkpoint_json(row, runs_dir, best=_best(objective, list(session.scalars(query))))


def pin_checkpoint(tx: Transaction, row: CheckpointRow, *, pinned: bool) -> None:
    """Keep a checkpoint from retention, or give it back to it."""
    if row.removed:
        raise NotAllowed("Retention has already removed this checkpoint.", state="removed")
    if row.pinned != pinned:
        run = tx.session.get_one(RunRow, row.run_id)
        emit(tx, run, CheckpointPinned(step=run.step, checkpoint_id=row.id, pinned=pinned))


def announced_of(row: CheckpointRow) -> Announced:
    """What its run said of it."""
    return Announced(row.state_sha256, row.bytes)


def what_is_wrong(directory: Path, row: CheckpointRow, *, deep: bool) -> str | None:
    """Why a checkpoint cannot be used, in a few words; None when it is whole.

    row: what was announced; something else that lies in its place is not looked at any further.
    deep: also compare every file with its SHA-256, not only its size.
    """
    try:
        check_manifest(directory, announced_of(row), hashes=deep)
    except CheckpointDamaged as error:
        return str(error)
    return None


def values_in(directory: Path) -> dict[str, Any]:
    """The base values that a checkpoint goes on with.

    Raises:
        OSError, ValueError, KeyError: it cannot be read.
    """
    values: dict[str, Any] = dict(read_json(directory / STATE)["values"])
    return values

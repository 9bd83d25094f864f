"""Runs and commands as the JSON of the API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from babysit.protocol.objective import VAL_COST
from babysit.protocol.status import ALLOWED, RunStatus
from babysit.storage.journal import parse_float

from .tables.runs import CommandRow, RunRow

# Built once: building this frequent query takes longer than running it.
PENDING = (
    select(CommandRow)
    .where(
        CommandRow.run_id.in_(bindparam("run_ids", expanding=True)),
        CommandRow.status == "pending",
        CommandRow.redo_at.is_(None),
    )
    .order_by(CommandRow.id)
)

# Columns of a run that its JSON leaves out, or shows as a part of something else.
HIDDEN_COLUMNS = {
    "actor",
    "server_seq",
    "parent_run_id",
    "parent_step",
    "parent_checkpoint_id",
    "best_step",
    "best_val_cost",
    "checkpoint_count",
    "search_id",
    "trial",
    "round",
    "script",
    "declared",
}
SHOWN_COLUMNS = tuple(
    column.name for column in RunRow.__table__.columns if column.name not in HIDDEN_COLUMNS
)


def run_list(session: Session, rows: Sequence[RunRow]) -> list[dict[str, Any]]:
    """Runs as JSON, in the same order."""
    pending: dict[int, list[CommandRow]] = {row.id: [] for row in rows}
    active = [row.id for row in rows if not row.status.is_over]
    for command in pending_commands(session, active) if active else ():
        pending[command.run_id].append(command)
    return [run_json(row, pending[row.id]) for row in rows]


def pending_commands(session: Session, run_ids: Iterable[int]) -> list[CommandRow]:
    """Commands without an answer, in the order sent."""
    return list(session.scalars(PENDING, {"run_ids": list(run_ids)}))


def run_json(row: RunRow, pending: Sequence[CommandRow]) -> dict[str, Any]:
    latest = row.latest
    return {
        **{name: getattr(row, name) for name in SHOWN_COLUMNS},
        "status": row.status.value,
        "parent": parent_json(row),
        "effective": _effective(row),
        "best": best_json(row),
        "epoch": latest.get("epoch", 0.0),
        "steps_per_s": latest.get("steps_per_s"),
        "allowed": allowed_now(row, pending),
        "pending": [_pending_json(command) for command in pending],
        "search": trial_of_json(row),
    }


def trial_of_json(row: RunRow) -> dict[str, int | None] | None:
    """Of which search the run is a trial; None for an ordinary run."""
    if row.search_id is None:
        return None
    return {"id": row.search_id, "number": row.trial, "round": row.round}


def parent_json(row: RunRow) -> dict[str, int | None] | None:
    if row.parent_run_id is None:
        return None
    return {
        "run_id": row.parent_run_id,
        "step": row.parent_step,
        "checkpoint_id": row.parent_checkpoint_id,
    }


def best_json(row: RunRow) -> dict[str, Any] | None:
    if row.best_step is None:
        return None
    cost = row.best_value if row.objective == VAL_COST else None
    return {"step": row.best_step, "value": row.best_value, "val_cost": cost}


def _effective(row: RunRow) -> dict[str, Any] | None:
    if row.effective is None:
        return None
    rate, base = row.effective.get("learning_rate"), row.values.get("learning_rate")
    factor = None
    if row.values.get("schedule", "constant") == "constant":
        factor = 1.0  # on a ramp the rate is not yet where the base leads
    elif rate is not None and base is not None and parse_float(base) > 0:
        factor = parse_float(rate) / parse_float(base)
    momentum = row.effective.get("momentum")
    return {"learning_rate": rate, "momentum": momentum, "schedule_factor": factor}


def _pending_json(command: CommandRow) -> dict[str, Any]:
    return {
        "command_id": command.id,
        "kind": command.kind,
        "at_step": command.body.get("at_step"),
        "values": command.body.get("values", {}),
        "over_steps": command.body.get("over_steps"),
        "note": command.body.get("note", ""),
    }


def state_now(row: RunRow, pending: Iterable[CommandRow]) -> str:
    """The status, or what it will be once the pending commands are carried out.

    In addition to the statuses there is `stopping`: a stop was sent and not answered yet.
    """
    state = row.status.value
    for command in pending:
        if row.status.is_over:
            break
        if command.kind == "stop":
            return "stopping"
        if command.kind == "pause":
            state = RunStatus.PAUSED.value
        elif command.kind == "resume":
            state = RunStatus.RUNNING.value
    return state


def allowed_now(row: RunRow, pending: Sequence[CommandRow]) -> list[str]:
    """The kinds of commands that the run takes now, and `fork` when it has a checkpoint."""
    state = state_now(row, pending)
    allowed: list[str] = []
    if state != "stopping":
        waits_for_worker = row.status in (RunStatus.QUEUED, RunStatus.STARTING)
        allowed = list(ALLOWED[row.status if waits_for_worker else RunStatus(state)])
        if waits_for_worker and state == RunStatus.PAUSED:
            allowed[allowed.index("pause")] = "resume"
    return [*allowed, "fork"] if row.checkpoint_count else allowed


def command_json(row: CommandRow, effective_step: int | None) -> dict[str, Any]:
    """effective_step: of a change, the first step that uses it."""
    return {
        "command_id": row.id,
        "run_id": row.run_id,
        "kind": row.kind,
        "status": row.status,
        "step": row.step,
        "before": row.before,
        "after": row.after,
        "reason": row.reason,
        "field": row.field,
        "notes": row.notes,
        "undo_values": row.undo_values,
        "actor": row.actor,
        "created_at": row.created_at,
        "at_step": row.body.get("at_step"),
        "effective_step": effective_step,
    }

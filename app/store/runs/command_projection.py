"""Projects events about commands into their rows and the run's values."""

from __future__ import annotations

from typing import Any

from babysit.protocol.commands import Set
from babysit.protocol.events import Applied, Changed, ChangeScheduled, CommandSent
from babysit.protocol.serialization import to_json

from ...limits import INT_MAX
from ..store import Transaction
from ..tables.runs import CommandRow, RunRow


def command_sent(tx: Transaction, run: RunRow, event: CommandSent) -> None:
    tx.session.add(
        CommandRow(
            id=event.command_id,
            run_id=run.id,
            kind=str(event.command.get("kind")),
            body=event.command,
            actor=event.actor,
            created_at=event.at,
            redo_at=event.redo_at,
        )
    )
    tx.session.flush()


def answer(
    tx: Transaction, run: RunRow, command_id: int, status: str, step: int, **said: Any
) -> CommandRow | None:
    """Note what became of a command; the first answer counts."""
    command = tx.session.get(CommandRow, (run.id, command_id))
    if command is None or command.status != "pending":
        return None
    command.status, command.step = status, step
    for name, value in said.items():
        setattr(command, name, value)
    return command


def change_scheduled(tx: Transaction, run: RunRow, event: ChangeScheduled) -> None:
    """The command stays pending. A fork's first worker names those of its parent."""
    if tx.session.get(CommandRow, (run.id, event.command_id)) is None:
        command = Set(
            values=event.values,
            at_step=event.at_step,
            over_steps=event.over_steps,
            note=event.note,
        )
        command_sent(
            tx,
            run,
            CommandSent(
                step=event.step,
                at=event.at,
                command_id=event.command_id,
                command=to_json(command),
                actor=event.actor,
            ),
        )


def changed(tx: Transaction, run: RunRow, event: Changed) -> None:
    answer(
        tx,
        run,
        event.command_id,
        "applied",
        event.step,
        before=event.before,
        after=event.after,
        undo_values=event.undo_values,
        notes=event.notes,
    )
    values = {**run.values, **event.values}
    run.values = values
    run.effective = {**(run.effective or {}), **_effective(event.after, values)}


def _effective(after: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: after[name] for name in ("learning_rate", "momentum") if name in after
    }
    if "beta1" in after and values.get("optimizer") in ("adam", "adamw"):
        found["momentum"] = after["beta1"]
    return found


def applied(tx: Transaction, run: RunRow, event: Applied) -> None:
    answer(tx, run, event.command_id, "applied", event.step, before=event.before, after=event.after)
    steps = event.after.get("steps")
    moves = event.command_kind in ("extend", "fork")
    if moves and isinstance(steps, int) and 0 < steps <= INT_MAX:
        run.steps = steps
    if event.command_kind == "fork":  # of a repetition: it goes on with other values
        values = {name: event.after[name] for name in event.after if name != "steps"}
        run.values = {**run.values, **values}

"""Commands: checked against the run's state, stored, passed on; their answers come as events."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from babysit.protocol.commands import Cancel, Command, Extend, Set, Stop
from babysit.protocol.events import Applied, Changed, CommandSent, StatusChanged
from babysit.protocol.hyperparameters import ENDING_SCHEDULES, Declared, InvalidValue
from babysit.protocol.serialization import to_json
from babysit.protocol.status import NO_OPS, RunStatus
from babysit.protocol.validation import check_change

from ...errors import Invalid, NotAllowed, NotFound, TooManyRequests
from ...limits import INT_MAX, PENDING_COMMANDS_MAX, STEPS_MAX
from ..run_json import allowed_now, command_json, pending_commands, state_now
from ..store import Transaction
from ..tables.runs import CommandRow, EventRow, RunRow
from .projection import emit, refuse_what_is_left
from .runs import find_run


def send_command(
    tx: Transaction,
    run_id: int,
    command: Command,
    declared: Declared | None,
    *,
    actor: str = "owner",
) -> int | None:
    """Ask the worker of a run to carry out `command` between two steps.

    The answer comes later, as an event that carries the returned id. None: it is so already.

    declared: the task's hyperparameters, as far as they are known; needed for `Set`.

    Raises:
        NotFound: the run does not exist.
        NotAllowed: its state does not allow it.
        Invalid: a value is wrong.
        TooMany: too many commands wait for their answer.
    """
    run = find_run(tx.session, run_id)
    pending = pending_commands(tx.session, [run.id])
    if is_no_op(run, pending, command):
        return None
    _check_allowed(run, pending, command)
    _check_command(run, pending, command, declared)
    if len(pending) >= _pending_max(command):
        raise TooManyRequests(
            f"{PENDING_COMMANDS_MAX} commands wait for their answer already. Wait for some of them."
        )
    command_id = (tx.session.scalar(select(func.max(CommandRow.id))) or 0) + 1
    if isinstance(command, Extend) and _may_have_an_ending_schedule(run, pending):
        command = replace(command, schedule_follows=True)
    body = to_json(command)
    emit(
        tx,
        run,
        CommandSent(step=run.step, command_id=command_id, command=body, actor=actor),
    )
    if run.status is RunStatus.QUEUED and isinstance(command, Stop):
        _stop_before_start(tx, run, command_id)
    return command_id


def _may_have_an_ending_schedule(run: RunRow, pending: list[CommandRow]) -> bool:
    """Whether a schedule of the run may last to its end when the next command is carried out."""
    return run.values.get("schedule") in ENDING_SCHEDULES or any(
        "schedule" in (item.body.get("values") or {}) for item in pending
    )


def _pending_max(command: Command) -> float:
    """However many wait, a run can be stopped, and what waits for its step can be withdrawn."""
    if isinstance(command, Stop):
        return math.inf  # a second one is nothing new, so there are never many
    return 2 * PENDING_COMMANDS_MAX if isinstance(command, Cancel) else PENDING_COMMANDS_MAX


def is_no_op(run: RunRow, pending: list[CommandRow], command: Command) -> bool:
    """Whether it is already so, or will be when the commands before it are carried out."""
    state = state_now(run, pending)
    if state == "stopping":
        return isinstance(command, Stop)
    return (RunStatus(state), command.kind) in NO_OPS


def _check_allowed(run: RunRow, pending: list[CommandRow], command: Command) -> None:
    allowed = allowed_now(run, pending)
    if command.kind in allowed:
        return
    state = state_now(run, pending)
    words = ", ".join(kind.replace("_", " ") for kind in allowed)
    possible = f"Allowed now: {words}." if allowed else "It takes no more commands."
    raise NotAllowed(f"The run is {state}. {possible}", state=state, allowed=allowed)


def _check_command(
    run: RunRow, pending: list[CommandRow], command: Command, declared: Declared | None
) -> None:
    match command:
        case Set():
            _check_set(run, pending, command, declared)
        case Extend():
            if not command.steps >= 1 or run.steps + command.steps > STEPS_MAX:
                most = STEPS_MAX - run.steps
                raise Invalid(
                    f"Give the number of additional steps, from 1 to {most:,}.",
                    field="steps",
                    allowed=[1, most],
                )
        case Cancel():
            waiting = [
                item.id for item in pending if item.kind == "set" and item.body.get("at_step")
            ]
            if command.command_id not in waiting:
                raise Invalid(
                    "This scheduled change does not exist or has been applied.",
                    field="command_id",
                    allowed=list(waiting),
                )
        case _:
            pass


def _check_set(
    run: RunRow, pending: list[CommandRow], change: Set, declared: Declared | None
) -> None:
    if change.at_step is not None and change.at_step < run.step:
        raise Invalid(
            f"The run is at step {run.step:,} already; give this step or a later one.",
            field="at_step",
            allowed=[run.step, INT_MAX],
        )
    if declared is None:
        if run.script is not None:
            raise Invalid("The script has not begun its loop: what can change is not known yet.")
        raise Invalid("The run's task no longer exists, so values cannot be checked.")
    current = dict(run.values)
    for item in pending:
        if item.kind == "set" and not item.body.get("at_step"):
            current.update(item.body.get("values", {}))
    try:
        check_change(declared, current, change.values)
    except InvalidValue as error:
        field = f"values.{error.name}" if error.name else "values"
        raise Invalid(error.message, field=field, allowed=error.allowed) from error
    if change.keep_step_size and "momentum" not in change.values:
        raise Invalid("keep_step_size goes with a change of momentum.", field="keep_step_size")


def _stop_before_start(tx: Transaction, run: RunRow, command_id: int) -> None:
    """No worker will answer: the run ends here."""
    stopped = RunStatus.STOPPED
    emit(
        tx,
        run,
        Applied(
            step=run.step,
            command_id=command_id,
            command_kind="stop",
            before={"status": run.status.value},
            after={"status": stopped.value},
        ),
    )
    emit(
        tx,
        run,
        StatusChanged(step=run.step, status=stopped, reason="user", command_id=command_id),
    )
    refuse_what_is_left(tx, run)


def read_command(session: Session, run_id: int, command_id: int) -> dict[str, Any]:
    """A command of a run, and its answer if there is one.

    Raises:
        NotFound: the run does not exist or has no such command.
    """
    run = find_run(session, run_id)
    known = 0 < command_id <= INT_MAX
    row = session.get(CommandRow, (run.id, command_id)) if known else None
    if row is None:
        raise NotFound("Command not found.")
    return command_json(row, _effective_step(session, row))


def _effective_step(session: Session, command: CommandRow) -> int | None:
    """The first step that uses an executed change: a batch size may wait for the next epoch."""
    if command.kind != "set" or command.status != "applied":
        return None
    query = select(EventRow.body).where(
        EventRow.run_id == command.run_id,
        EventRow.step == command.step,
        EventRow.kind == Changed.kind,
    )
    bodies = session.scalars(query)
    return next(
        (int(body["effective_step"]) for body in bodies if body["command_id"] == command.id), None
    )


def stop_if_active(tx: Transaction, run: RunRow) -> None:
    """Ask a run that is not over to stop; nothing happens when it is over or stopping already."""
    if not run.status.is_over:
        send_command(tx, run.id, Stop(), None)


ASKED_TO_STOP = select(CommandRow.run_id).where(
    CommandRow.status == "pending", CommandRow.kind == "stop", CommandRow.redo_at.is_(None)
)


def runs_asked_to_stop(session: Session) -> set[int]:
    """Runs with a stop that is not answered yet."""
    return set(session.scalars(ASKED_TO_STOP))

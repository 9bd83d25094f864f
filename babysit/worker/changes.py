"""Makes the changes that commands ask for, between two steps, and says what each of them did."""

from __future__ import annotations

from dataclasses import replace

from babysit.protocol.commands import CANCELLED, Cancel, Extend, Fork, Set
from babysit.protocol.events import (
    Applied,
    Changed,
    ChangeScheduled,
    CommandSent,
    Event,
    Refused,
    Warned,
)
from babysit.protocol.hyperparameters import InvalidValue
from babysit.training.controls import ChangeMade, ScheduledChange
from babysit.training.state import restore
from babysit.worker.base_session import Session
from babysit.worker.session import TrainingSession


def answer(
    session: Session, sent: CommandSent, before: dict[str, object], after: dict[str, object]
) -> Event:
    return Applied(
        step=session.training.step,
        command_id=sent.command_id,
        command_kind=str(sent.command["kind"]),
        before=before,
        after=after,
        actor=sent.actor,
        note=str(sent.command.get("note", "")),
    )


def emit_applied(
    session: Session, sent: CommandSent, before: dict[str, object], after: dict[str, object]
) -> None:
    session.emit(answer(session, sent, before, after))


def set_values(session: Session, sent: CommandSent, change: Set) -> None:
    """Make a change now, or let it wait for its step."""
    training = session.training
    if change.at_step is None or change.at_step <= training.step:
        _make(session, ScheduledChange(sent.command_id, change, sent.actor), scheduled=False)
        return
    session.check_change(change)  # refused now rather than then
    training.controls.scheduled.append(ScheduledChange(sent.command_id, change, sent.actor))
    session.version += 1
    session.emit(scheduled_event(training.controls.scheduled[-1], training.step))


def scheduled_event(waiting: ScheduledChange, step: int) -> ChangeScheduled:
    """The event that says that a change waits for its step."""
    change = waiting.change
    return ChangeScheduled(
        step=step,
        command_id=waiting.command_id,
        at_step=change.at_step or 0,
        values=change.values,
        over_steps=change.over_steps,
        actor=waiting.actor,
        note=change.note,
    )


def _make(session: Session, wanted: ScheduledChange, *, scheduled: bool) -> None:
    """Save a checkpoint, make the change, and say what it did."""
    training, change = session.training, wanted.change
    session.check_change(change)  # before a checkpoint is spent on it
    session.save("change", command_id=wanted.command_id)
    made = apply_silently(session, wanted)
    changed = Changed(
        step=training.step,
        command_id=wanted.command_id,
        before=made.before,
        after=made.after,
        undo_values=made.undo_values,
        values=made.values,
        effective_step=made.effective_step,
        over_steps=change.over_steps,
        scheduled=scheduled,
        actor=wanted.actor,
        note=change.note,
        notes=made.notes,
    )
    session.note_change(changed)
    session.emit(changed)


def apply_silently(session: Session, wanted: ScheduledChange) -> ChangeMade:
    """Make a change without a word: it is said by the caller, or was said by an earlier attempt.

    Raises:
        InvalidValue: it is refused; nothing was touched.
    """
    training = session.training
    session.version += 1
    training.controls.forget(wanted.command_id)  # only now: the checkpoint before it still has it
    return session.make_change(wanted.change)


def apply_scheduled(session: Session, waiting: ScheduledChange) -> None:
    """Make a change whose step has come, or say why it cannot be made."""
    try:
        _make(session, waiting, scheduled=True)
    except InvalidValue as error:  # what was right when it was asked for need not be right now
        session.training.controls.forget(waiting.command_id)
        session.emit(
            Refused(
                step=session.training.step,
                command_id=waiting.command_id,
                command_kind="set",
                reason=error.message,
                field=error.name or None,
                actor=waiting.actor,
            )
        )


def extend(session: Session, sent: CommandSent, command: Extend) -> None:
    training = session.training
    if command.steps < 1:
        raise InvalidValue("steps", "Extend a run by at least 1 step.")
    before = training.steps
    warnings = extend_silently(session, command)
    emit_applied(session, sent, {"steps": before}, {"steps": training.steps})
    for warning in warnings:
        session.emit(Warned(step=training.step, message=warning))


def extend_silently(session: Session, command: Extend) -> list[str]:
    """Move the end of the run; what is to be said about its schedule."""
    session.version += 1
    return session.move_end(command)


def cancel(session: Session, sent: CommandSent, command: Cancel) -> None:
    if not session.training.controls.forget(command.command_id):
        raise ValueError("There is no such scheduled change; it may have happened already.")
    session.version += 1
    session.emit(
        Refused(
            step=session.training.step,
            command_id=command.command_id,
            command_kind="set",
            reason=CANCELLED,
            actor=sent.actor,
        )
    )
    emit_applied(session, sent, {"scheduled": command.command_id}, {"scheduled": None})


def fork(session: TrainingSession, sent: CommandSent, command: Fork) -> None:
    """Go on as a fork from this very state, and say what is different from here on."""
    before = session.training
    session.save("change", command_id=sent.command_id)
    fork_silently(session, command)
    now = session.training
    for warning in now.warnings:
        session.emit(Warned(step=now.step, message=warning))
    values, old = now.controls.values, before.controls.values
    differ = sorted(name for name in values if values[name] != old.get(name))
    emit_applied(
        session,
        sent,
        {**{name: old[name] for name in differ if name in old}, "steps": before.steps},
        {**{name: values[name] for name in differ}, "steps": now.steps},
    )


def fork_silently(session: TrainingSession, command: Fork) -> None:
    """What a fork's worker does with the checkpoint it starts from, without the way to the disk.

    Raises:
        InvalidValue: the fork's values do not fit the task.
    """
    training = session.training
    spec = replace(
        session.spec,
        values=command.values,
        steps=command.steps,
        schedule_follows=command.schedule_follows,
    )
    session.version += 1
    session.evaluated_at = -1  # it may be another network
    session.training = restore(
        spec,
        training.task,
        training.snapshot(),
        device=training.device,
        code_sha256=training.made_with["code_sha256"],
        is_fork=True,
        earlier=training.user_state,
    )
    # A fork has a best of its own; here the run is still the same one.
    session.training.best = training.best

"""Carries commands out between two steps, and answers each of them exactly once."""

from __future__ import annotations

import contextlib

from babysit.controls import ChangeMade, ScheduledChange, checked_change, make_change
from babysit.hyperparameters import InvalidValue
from babysit.live import LiveRun
from babysit.messages import (
    Applied,
    Cancel,
    Changed,
    ChangeScheduled,
    Command,
    CommandSent,
    Evaluate,
    Event,
    Extend,
    Pause,
    Recovered,
    Refused,
    Resume,
    RunStatus,
    SaveCheckpoint,
    Set,
    StatusChanged,
    Stop,
    Warned,
)
from babysit.recorder import command_of
from babysit.recovery import CatchUp


def answer_commands(live: LiveRun) -> None:
    """Carry out all commands that have come, and the scheduled changes whose step has come."""
    if live.catch_up is not None and not _redo(live, live.catch_up):
        return  # people wait until the run is where it was
    while live.recorder.commands and live.ending is None:
        sent = live.recorder.commands.popleft()
        if sent.command_id <= live.training.last_command_id or sent.command_id in live.answered:
            continue  # carried out before; a restarted server sends what it is not sure of
        try:
            carry_out(live, sent, command_of(sent))
        except InvalidValue as error:
            refuse(live, sent, error.message, error.name)
        except ValueError as error:
            refuse(live, sent, str(error))
        # Only now: a checkpoint written before the change does not contain it.
        live.training.last_command_id = sent.command_id
    if live.ending is None:
        for waiting in live.training.controls.due(live.training.step):
            _make_scheduled(live, waiting)


def _redo(live: LiveRun, catch_up: CatchUp) -> bool:
    """Do again what was changed at this step; True when the run is where it was."""
    training = live.training
    while catch_up.redo and catch_up.redo[0][0] <= training.step:
        _, sent = catch_up.redo.popleft()
        training.last_command_id = sent.command_id
        _carry_out_again(live, sent, command_of(sent))
    for waiting in training.controls.due(training.step):
        if waiting.command_id in catch_up.past.answered:
            with contextlib.suppress(InvalidValue):  # it was refused the first time, too
                _change(live, waiting)
            training.controls.forget(waiting.command_id)
    if catch_up.is_over(training.step):
        live.catch_up = None
        verified = catch_up.differs_at is None
        live.say(Recovered(step=training.step, from_step=catch_up.from_step, verified=verified))
        if not verified:
            message = f"What was repeated differs from what was recorded at {catch_up.differs_at}."
            live.say(Warned(step=training.step, message=message))
        if catch_up.past.paused_for is not None:
            live.pause(catch_up.past.paused_for)
        return True
    for waiting in training.controls.due(training.step):
        _make_scheduled(live, waiting)
    return False


def _carry_out_again(live: LiveRun, sent: CommandSent, command: Command) -> None:
    """What `carry_out` did, without an answer: there is one already."""
    training = live.training
    match command:
        case Set(at_step=int(at_step)) if at_step > training.step:
            waiting = ScheduledChange(sent.command_id, command, sent.actor)
            training.controls.scheduled.append(waiting)
        case Set():
            _change(live, ScheduledChange(sent.command_id, command, sent.actor))
        case Extend():
            training.steps += command.steps
        case Cancel():
            training.controls.forget(command.command_id)
        case _:
            return  # it decided nothing of the future
    live.version += 1


def carry_out(live: LiveRun, sent: CommandSent, command: Command) -> None:
    """Do what one command asks.

    Raises:
        ValueError: it is refused; nothing changed.
    """
    training = live.training
    match command:
        case Set():
            _set(live, sent, command)
        case Pause():
            status = live.status
            if live.paused_for is None:
                live.pause(command.reason, sent.command_id)
            _applied(live, sent, {"status": status}, {"status": RunStatus.PAUSED})
        case Resume():
            status = live.status
            if live.paused_for is not None:
                live.resume(sent.command_id)
            _applied(live, sent, {"status": status}, {"status": RunStatus.RUNNING})
        case Stop():
            _applied(live, sent, {"status": live.status}, {"status": RunStatus.STOPPED})
            live.ending = StatusChanged(
                step=training.step,
                status=RunStatus.STOPPED,
                reason="user",
                command_id=sent.command_id,
            )
        case SaveCheckpoint():
            saved = live.save("user", command_id=sent.command_id)
            live.recorder.kept.add(saved.id)
            answer = _answer(live, sent, {}, {"checkpoint_id": saved.id})
            failed = _refusal(live, sent, "The checkpoint could not be written: see the warning.")
            live.saver.then_say(lambda: failed if saved.failed else answer)
        case Evaluate():
            found = live.evaluate()
            _applied(live, sent, {}, dict(found))
        case Extend():
            if command.steps < 1:
                raise InvalidValue("steps", "Extend a run by at least 1 step.")
            before, training.steps = training.steps, training.steps + command.steps
            live.version += 1
            _applied(live, sent, {"steps": before}, {"steps": training.steps})
        case Cancel():
            _cancel(live, sent, command)


def refuse(live: LiveRun, sent: CommandSent, reason: str, field: str | None = None) -> None:
    live.say(_refusal(live, sent, reason, field))


def _refusal(live: LiveRun, sent: CommandSent, reason: str, field: str | None = None) -> Event:
    return Refused(
        step=live.training.step,
        command_id=sent.command_id,
        command_kind=str(sent.command.get("kind")),
        reason=reason,
        field=field or None,
        actor=sent.actor,
    )


def refuse_the_rest(live: LiveRun, status: RunStatus) -> None:
    """Answer what nobody will carry out any more."""
    while live.recorder.commands:
        sent = live.recorder.commands.popleft()
        if sent.command_id > live.training.last_command_id:
            refuse(live, sent, f"The run is {status}; it takes no more commands.")
    for waiting in live.training.controls.scheduled:
        reason = f"The run is {status}; step {waiting.change.at_step:,} was not reached."
        live.say(
            Refused(
                step=live.training.step,
                command_id=waiting.command_id,
                command_kind="set",
                reason=reason,
                actor=waiting.actor,
            )
        )


def _answer(
    live: LiveRun, sent: CommandSent, before: dict[str, object], after: dict[str, object]
) -> Event:
    return Applied(
        step=live.training.step,
        command_id=sent.command_id,
        command_kind=str(sent.command["kind"]),
        before=before,
        after=after,
        actor=sent.actor,
        note=str(sent.command.get("note", "")),
    )


def _applied(
    live: LiveRun, sent: CommandSent, before: dict[str, object], after: dict[str, object]
) -> None:
    live.say(_answer(live, sent, before, after))


def _set(live: LiveRun, sent: CommandSent, change: Set) -> None:
    training = live.training
    if change.at_step is None or change.at_step <= training.step:
        _make(live, ScheduledChange(sent.command_id, change, sent.actor), scheduled=False)
        return
    checked_change(training.controls, change, training.step)  # refused now rather than then
    training.controls.scheduled.append(ScheduledChange(sent.command_id, change, sent.actor))
    live.version += 1
    live.say(waiting_said(training.controls.scheduled[-1], training.step))


def waiting_said(waiting: ScheduledChange, step: int) -> ChangeScheduled:
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


def _make(live: LiveRun, wanted: ScheduledChange, *, scheduled: bool) -> None:
    """Save a checkpoint, make the change, and say what it did."""
    training, change = live.training, wanted.change
    checked_change(training.controls, change, training.step)  # before a checkpoint is spent on it
    live.save("change", command_id=wanted.command_id)
    made = _change(live, wanted)
    live.say(
        Changed(
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
    )


def _change(live: LiveRun, wanted: ScheduledChange) -> ChangeMade:
    training = live.training
    live.version += 1
    training.controls.forget(wanted.command_id)  # only now: the checkpoint before it still has it
    return make_change(
        training.controls,
        wanted.change,
        step=training.step,
        last_step=training.steps,
        tools=training.tools,
    )


def _make_scheduled(live: LiveRun, waiting: ScheduledChange) -> None:
    try:
        _make(live, waiting, scheduled=True)
    except InvalidValue as error:  # what was right when it was asked for need not be right now
        live.training.controls.forget(waiting.command_id)
        live.say(
            Refused(
                step=live.training.step,
                command_id=waiting.command_id,
                command_kind="set",
                reason=error.message,
                field=error.name or None,
                actor=waiting.actor,
            )
        )


def _cancel(live: LiveRun, sent: CommandSent, command: Cancel) -> None:
    if not live.training.controls.forget(command.command_id):
        raise ValueError("There is no such scheduled change; it may have happened already.")
    live.version += 1
    live.say(
        Refused(
            step=live.training.step,
            command_id=command.command_id,
            command_kind="set",
            reason="Cancelled before its step came.",
            actor=sent.actor,
        )
    )
    _applied(live, sent, {"scheduled": command.command_id}, {"scheduled": None})

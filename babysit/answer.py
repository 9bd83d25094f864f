"""Carries commands out between two steps, and answers each of them exactly once."""

from __future__ import annotations

import contextlib

from babysit import changes
from babysit.controls import ScheduledChange
from babysit.hyperparameters import InvalidValue
from babysit.live import LiveRun
from babysit.messages import (
    Cancel,
    Command,
    CommandSent,
    Evaluate,
    Event,
    Extend,
    Fork,
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
from babysit.recovery import REDONE, CatchUp


def answer_commands(live: LiveRun) -> None:
    """Carry out all commands that have come, and the scheduled changes whose step has come."""
    if live.redo or live.repeats is not None:
        _do_what_is_known(live)
    if live.catch_up is not None and not _is_where_it_was(live, live.catch_up):
        return  # people wait until the run is where it was
    while live.recorder.commands and live.ending is None:
        sent = live.recorder.commands.popleft()
        if sent.command_id <= live.training.last_command_id or sent.command_id in live.answered:
            continue  # carried out before; a restarted server sends what it is not sure of
        if _is_carried_out(live, sent) and sent.command["kind"] in REDONE:
            live.leave_recipe()
        # Only now: a checkpoint written before the change does not contain it.
        live.training.last_command_id = sent.command_id
    if live.ending is None:
        _make_due(live)
        if live.repeats is not None:
            live.repeats.compare_state(live.training, "after")


def _is_carried_out(live: LiveRun, sent: CommandSent) -> bool:
    """Carry a command out, or say why not."""
    try:
        carry_out(live, sent, command_of(sent))
    except InvalidValue as error:
        refuse(live, sent, error.message, error.name)
    except ValueError as error:
        refuse(live, sent, str(error))
    else:
        return True
    return False


def _do_what_is_known(live: LiveRun) -> None:
    """Do what an earlier attempt did at this step, or what a recipe asks for, in that order."""
    step = live.training.step
    if live.repeats is not None:
        live.repeats.compare_state(live.training, "before")
    _redo(live, after_scheduled=False)
    if live.redo and live.redo[0].place.step <= step and live.ending is None:
        _make_due(live)
        _redo(live, after_scheduled=True)
    if live.repeats is not None and step >= live.repeats.until:
        _make_due(live)  # a run that makes its last step makes them, too
        live.end_comparison()


def _redo(live: LiveRun, *, after_scheduled: bool) -> None:
    while live.redo and live.redo[0].place.step <= live.training.step and live.ending is None:
        if live.redo[0].place.after_scheduled and not after_scheduled:
            return
        sent = live.redo.popleft().sent
        if isinstance(command := command_of(sent), Stop):  # the last one of a recipe
            live.end_comparison()
        if sent.command_id in live.past.carried_out:
            _carry_out_again(live, sent, command)
        else:
            _is_carried_out(live, sent)
        live.training.last_command_id = sent.command_id


def _make_due(live: LiveRun) -> None:
    """Make the scheduled changes whose step has come; without a word if that was said before."""
    training = live.training
    for waiting in training.controls.due(training.step):
        if waiting.command_id not in live.answered:
            changes.make_scheduled(live, waiting)
            continue
        with contextlib.suppress(InvalidValue):  # it was refused the first time, too
            changes.make_quietly(live, waiting)
        training.controls.forget(waiting.command_id)


def _is_where_it_was(live: LiveRun, catch_up: CatchUp) -> bool:
    """Whether all is made again that an earlier attempt had made; says so when it is."""
    _make_due(live)
    step = live.training.step
    if not catch_up.is_over(step):
        return False
    live.catch_up = None
    verified = catch_up.differs_at is None
    live.say(Recovered(step=step, from_step=catch_up.from_step, verified=verified))
    if not verified:
        message = f"What was repeated differs from what was recorded at {catch_up.differs_at}."
        live.say(Warned(step=step, message=message))
    if catch_up.past.paused_for is not None:
        live.pause(catch_up.past.paused_for)
    return True


def _carry_out_again(live: LiveRun, sent: CommandSent, command: Command) -> None:
    """What `carry_out` did, without an answer: there is one already."""
    training = live.training
    match command:
        case Set(at_step=int(at_step)) if at_step > training.step:
            waiting = ScheduledChange(sent.command_id, command, sent.actor)
            training.controls.scheduled.append(waiting)
        case Set():
            changes.make_quietly(live, ScheduledChange(sent.command_id, command, sent.actor))
        case Extend():
            training.steps += command.steps
        case Cancel():
            training.controls.forget(command.command_id)
        case Fork():
            changes.fork_quietly(live, command)
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
            changes.set_values(live, sent, command)
        case Pause():
            status = live.status
            if live.paused_for is None:
                live.pause(command.reason, sent.command_id)
            changes.say_applied(live, sent, {"status": status}, {"status": RunStatus.PAUSED})
        case Resume():
            status = live.status
            if live.paused_for is not None:
                live.resume(sent.command_id)
            changes.say_applied(live, sent, {"status": status}, {"status": RunStatus.RUNNING})
        case Stop():
            changes.say_applied(live, sent, {"status": live.status}, {"status": RunStatus.STOPPED})
            live.ending = StatusChanged(
                step=training.step,
                status=RunStatus.STOPPED,
                reason="user",
                command_id=sent.command_id,
            )
        case SaveCheckpoint():
            saved = live.save("user", command_id=sent.command_id)
            live.recorder.kept.add(saved.id)
            answer = changes.answer(live, sent, {}, {"checkpoint_id": saved.id})
            failed = _refusal(live, sent, "The checkpoint could not be written: see the warning.")
            live.saver.then_say(lambda: failed if saved.failed else answer)
        case Evaluate():
            found = live.evaluate()
            changes.say_applied(live, sent, {}, dict(found))
        case Extend():
            changes.extend(live, sent, command)
        case Cancel():
            changes.cancel(live, sent, command)
        case Fork():
            changes.fork(live, sent, command)


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
